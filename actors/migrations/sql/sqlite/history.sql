-- The history: one entry for each row that is added, changed or deleted, by any client.
-- actor_who(), actor_origin() and actor_batch() are Python functions that every connection registers.
-- An entry has OLD.version + 1, the version that the trigger actor_keep_update sets.

CREATE TRIGGER actor_note_insert AFTER INSERT ON actor
BEGIN
    INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) VALUES
    (NEW.actor_id, '+', NEW.version, strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(), actor_batch(),
    'first_name last_name native_name birth_year death_year country biography also_known_as', NULL,
    json_object('first_name', NEW.first_name, 'last_name', NEW.last_name, 'native_name', NEW.native_name,
        'birth_year', NEW.birth_year, 'death_year', NEW.death_year, 'country', NEW.country,
        'biography', NEW.biography, 'also_known_as', NEW.also_known_as));
END;

CREATE TRIGGER actor_note_update AFTER UPDATE ON actor
    WHEN OLD.first_name IS NOT NEW.first_name OR OLD.last_name IS NOT NEW.last_name
        OR OLD.native_name IS NOT NEW.native_name OR OLD.birth_year IS NOT NEW.birth_year
        OR OLD.death_year IS NOT NEW.death_year OR OLD.country IS NOT NEW.country
        OR OLD.biography IS NOT NEW.biography OR OLD.also_known_as IS NOT NEW.also_known_as
BEGIN
    INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) VALUES
    (NEW.actor_id, '~', OLD.version + 1, strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    actor_batch(),
    trim(CASE WHEN OLD.first_name IS NOT NEW.first_name THEN 'first_name ' ELSE '' END
        || CASE WHEN OLD.last_name IS NOT NEW.last_name THEN 'last_name ' ELSE '' END
        || CASE WHEN OLD.native_name IS NOT NEW.native_name THEN 'native_name ' ELSE '' END
        || CASE WHEN OLD.birth_year IS NOT NEW.birth_year THEN 'birth_year ' ELSE '' END
        || CASE WHEN OLD.death_year IS NOT NEW.death_year THEN 'death_year ' ELSE '' END
        || CASE WHEN OLD.country IS NOT NEW.country THEN 'country ' ELSE '' END
        || CASE WHEN OLD.biography IS NOT NEW.biography THEN 'biography ' ELSE '' END
        || CASE WHEN OLD.also_known_as IS NOT NEW.also_known_as THEN 'also_known_as ' ELSE '' END),
    json_object('first_name', OLD.first_name, 'last_name', OLD.last_name, 'native_name', OLD.native_name,
        'birth_year', OLD.birth_year, 'death_year', OLD.death_year, 'country', OLD.country,
        'biography', OLD.biography, 'also_known_as', OLD.also_known_as),
    json_object('first_name', NEW.first_name, 'last_name', NEW.last_name, 'native_name', NEW.native_name,
        'birth_year', NEW.birth_year, 'death_year', NEW.death_year, 'country', NEW.country,
        'biography', NEW.biography, 'also_known_as', NEW.also_known_as));
END;

CREATE TRIGGER actor_note_delete AFTER DELETE ON actor
BEGIN
    INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) VALUES
    (OLD.actor_id, '-', OLD.version, strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(), actor_batch(),
    'first_name last_name native_name birth_year death_year country biography also_known_as',
    json_object('first_name', OLD.first_name, 'last_name', OLD.last_name, 'native_name', OLD.native_name,
        'birth_year', OLD.birth_year, 'death_year', OLD.death_year, 'country', OLD.country,
        'biography', OLD.biography, 'also_known_as', OLD.also_known_as), NULL);
END;

CREATE TRIGGER actors_film_note_insert AFTER INSERT ON actors_film
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (NEW.id, NULL, NULL, '+', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    'title original_title year', NULL,
    json_object('title', NEW.title, 'original_title', NEW.original_title, 'year', NEW.year));
END;

CREATE TRIGGER actors_film_note_update AFTER UPDATE ON actors_film
    WHEN OLD.title IS NOT NEW.title OR OLD.original_title IS NOT NEW.original_title OR OLD.year IS NOT NEW.year
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (NEW.id, NULL, NULL, '~', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    trim(CASE WHEN OLD.title IS NOT NEW.title THEN 'title ' ELSE '' END
        || CASE WHEN OLD.original_title IS NOT NEW.original_title THEN 'original_title ' ELSE '' END
        || CASE WHEN OLD.year IS NOT NEW.year THEN 'year ' ELSE '' END),
    json_object('title', OLD.title, 'original_title', OLD.original_title, 'year', OLD.year),
    json_object('title', NEW.title, 'original_title', NEW.original_title, 'year', NEW.year));
END;

CREATE TRIGGER actors_film_note_delete AFTER DELETE ON actors_film
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (OLD.id, NULL, NULL, '-', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    'title original_title year',
    json_object('title', OLD.title, 'original_title', OLD.original_title, 'year', OLD.year), NULL);
END;

CREATE TRIGGER actors_credit_note_insert AFTER INSERT ON actors_credit
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (NEW.film_id, NEW.id, NEW.actor_id, '+', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    'actor_id film_id character billing', NULL,
    json_object('actor_id', NEW.actor_id, 'film_id', NEW.film_id, 'character', NEW.character, 'billing', NEW.billing));
END;

CREATE TRIGGER actors_credit_note_update AFTER UPDATE ON actors_credit
    WHEN OLD.actor_id IS NOT NEW.actor_id OR OLD.film_id IS NOT NEW.film_id OR OLD.character IS NOT NEW.character
        OR OLD.billing IS NOT NEW.billing
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (NEW.film_id, NEW.id, NEW.actor_id, '~', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    trim(CASE WHEN OLD.actor_id IS NOT NEW.actor_id THEN 'actor_id ' ELSE '' END
        || CASE WHEN OLD.film_id IS NOT NEW.film_id THEN 'film_id ' ELSE '' END
        || CASE WHEN OLD.character IS NOT NEW.character THEN 'character ' ELSE '' END
        || CASE WHEN OLD.billing IS NOT NEW.billing THEN 'billing ' ELSE '' END),
    json_object('actor_id', OLD.actor_id, 'film_id', OLD.film_id, 'character', OLD.character, 'billing', OLD.billing),
    json_object('actor_id', NEW.actor_id, 'film_id', NEW.film_id, 'character', NEW.character, 'billing', NEW.billing));
END;

CREATE TRIGGER actors_credit_note_delete AFTER DELETE ON actors_credit
BEGIN
    INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) VALUES
    (OLD.film_id, OLD.id, OLD.actor_id, '-', strftime('%Y-%m-%d %H:%M:%f', 'now'), actor_who(), actor_origin(),
    'actor_id film_id character billing',
    json_object('actor_id', OLD.actor_id, 'film_id', OLD.film_id, 'character', OLD.character, 'billing', OLD.billing),
    NULL);
END;
