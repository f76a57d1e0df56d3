-- The history: one entry for each row that is added, changed or deleted, by any client. Settings
-- within the transaction give the user, the origin and the batch (actors.who, actors.origin, actors.batch).
-- The triggers fire once for each statement, so that a million rows cost one INSERT … SELECT.

-- With its owner's rights, so that a role that writes actors needs no permission to write the history.
CREATE FUNCTION actor_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    batch bigint := nullif(current_setting('actors.batch', true), '')::bigint;
    origin text := coalesce(nullif(current_setting('actors.origin', true), ''), 'sql');
    who text := CASE WHEN origin = 'sql' THEN session_user ELSE coalesce(current_setting('actors.who', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) SELECT n.actor_id, '+', n.version, now(), who, origin, batch, 'first_name last_name native_name birth_year death_year country biography also_known_as', NULL, jsonb_build_object('first_name', n.first_name, 'last_name', n.last_name, 'native_name', n.native_name, 'birth_year', n.birth_year, 'death_year', n.death_year, 'country', n.country, 'biography', n.biography, 'also_known_as', n.also_known_as)
        FROM new_rows AS n ORDER BY n.actor_id;
    ELSIF TG_OP = 'UPDATE' THEN
        -- A change of the id is recorded as one actor deleted and another added.
        INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) SELECT coalesce(n.actor_id, o.actor_id),
            CASE WHEN o.actor_id IS NULL THEN '+' WHEN n.actor_id IS NULL THEN '-' ELSE '~' END,
            coalesce(n.version, o.version), now(), who, origin, batch, concat_ws(' ', CASE WHEN o.first_name IS DISTINCT FROM n.first_name THEN 'first_name' END, CASE WHEN o.last_name IS DISTINCT FROM n.last_name THEN 'last_name' END, CASE WHEN o.native_name IS DISTINCT FROM n.native_name THEN 'native_name' END, CASE WHEN o.birth_year IS DISTINCT FROM n.birth_year THEN 'birth_year' END, CASE WHEN o.death_year IS DISTINCT FROM n.death_year THEN 'death_year' END, CASE WHEN o.country IS DISTINCT FROM n.country THEN 'country' END, CASE WHEN o.biography IS DISTINCT FROM n.biography THEN 'biography' END, CASE WHEN o.also_known_as IS DISTINCT FROM n.also_known_as THEN 'also_known_as' END),
            CASE WHEN o.actor_id IS NOT NULL THEN jsonb_build_object('first_name', o.first_name, 'last_name', o.last_name, 'native_name', o.native_name, 'birth_year', o.birth_year, 'death_year', o.death_year, 'country', o.country, 'biography', o.biography, 'also_known_as', o.also_known_as) END,
            CASE WHEN n.actor_id IS NOT NULL THEN jsonb_build_object('first_name', n.first_name, 'last_name', n.last_name, 'native_name', n.native_name, 'birth_year', n.birth_year, 'death_year', n.death_year, 'country', n.country, 'biography', n.biography, 'also_known_as', n.also_known_as) END
        FROM old_rows AS o FULL JOIN new_rows AS n ON o.actor_id = n.actor_id
        WHERE n.version IS DISTINCT FROM o.version ORDER BY 1;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) SELECT o.actor_id, '-', o.version, now(), who, origin, batch, 'first_name last_name native_name birth_year death_year country biography also_known_as', jsonb_build_object('first_name', o.first_name, 'last_name', o.last_name, 'native_name', o.native_name, 'birth_year', o.birth_year, 'death_year', o.death_year, 'country', o.country, 'biography', o.biography, 'also_known_as', o.also_known_as), NULL
        FROM old_rows AS o ORDER BY o.actor_id;
    ELSE
        INSERT INTO actors_change (actor_id, kind, version, at, who, origin, batch_id, fields, before, after) SELECT o.actor_id, '-', o.version, now(), who, origin, batch, 'first_name last_name native_name birth_year death_year country biography also_known_as', jsonb_build_object('first_name', o.first_name, 'last_name', o.last_name, 'native_name', o.native_name, 'birth_year', o.birth_year, 'death_year', o.death_year, 'country', o.country, 'biography', o.biography, 'also_known_as', o.also_known_as), NULL
        FROM actor AS o ORDER BY o.actor_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER actor_note_insert AFTER INSERT ON actor
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_update AFTER UPDATE ON actor
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_delete AFTER DELETE ON actor
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION actor_note();
CREATE TRIGGER actor_note_truncate BEFORE TRUNCATE ON actor FOR EACH STATEMENT EXECUTE FUNCTION actor_note();

CREATE FUNCTION actors_film_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    origin text := coalesce(nullif(current_setting('actors.origin', true), ''), 'sql');
    who text := CASE WHEN origin = 'sql' THEN session_user ELSE coalesce(current_setting('actors.who', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT n.id, NULL::integer, NULL::integer, '+', now(), who, origin, 'title original_title year', NULL::jsonb, jsonb_build_object('title', n.title, 'original_title', n.original_title, 'year', n.year) FROM new_rows AS n ORDER BY n.id;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT coalesce(n.id, o.id), NULL::integer, NULL::integer,
            CASE WHEN o.id IS NULL THEN '+' WHEN n.id IS NULL THEN '-' ELSE '~' END, now(), who, origin,
            concat_ws(' ', CASE WHEN o.title IS DISTINCT FROM n.title THEN 'title' END, CASE WHEN o.original_title IS DISTINCT FROM n.original_title THEN 'original_title' END, CASE WHEN o.year IS DISTINCT FROM n.year THEN 'year' END), CASE WHEN o.id IS NOT NULL THEN jsonb_build_object('title', o.title, 'original_title', o.original_title, 'year', o.year) END, CASE WHEN n.id IS NOT NULL THEN jsonb_build_object('title', n.title, 'original_title', n.original_title, 'year', n.year) END
        FROM old_rows AS o FULL JOIN new_rows AS n ON o.id = n.id WHERE n.version IS DISTINCT FROM o.version ORDER BY coalesce(n.id, o.id);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT o.id, NULL::integer, NULL::integer, '-', now(), who, origin, 'title original_title year', jsonb_build_object('title', o.title, 'original_title', o.original_title, 'year', o.year), NULL::jsonb FROM old_rows AS o ORDER BY o.id;
    ELSE
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT o.id, NULL::integer, NULL::integer, '-', now(), who, origin, 'title original_title year', jsonb_build_object('title', o.title, 'original_title', o.original_title, 'year', o.year), NULL::jsonb FROM actors_film AS o ORDER BY o.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER actors_film_note_insert AFTER INSERT ON actors_film
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_film_note();
CREATE TRIGGER actors_film_note_update AFTER UPDATE ON actors_film
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_film_note();
CREATE TRIGGER actors_film_note_delete AFTER DELETE ON actors_film
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_film_note();
CREATE TRIGGER actors_film_note_truncate BEFORE TRUNCATE ON actors_film FOR EACH STATEMENT EXECUTE FUNCTION actors_film_note();

CREATE FUNCTION actors_credit_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    origin text := coalesce(nullif(current_setting('actors.origin', true), ''), 'sql');
    who text := CASE WHEN origin = 'sql' THEN session_user ELSE coalesce(current_setting('actors.who', true), '') END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT n.film_id, n.id, n.actor_id, '+', now(), who, origin, 'actor_id film_id character billing', NULL::jsonb, jsonb_build_object('actor_id', n.actor_id, 'film_id', n.film_id, 'character', n.character, 'billing', n.billing) FROM new_rows AS n ORDER BY n.id;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT coalesce(n.film_id, o.film_id), coalesce(n.id, o.id), coalesce(n.actor_id, o.actor_id),
            CASE WHEN o.id IS NULL THEN '+' WHEN n.id IS NULL THEN '-' ELSE '~' END, now(), who, origin,
            concat_ws(' ', CASE WHEN o.actor_id IS DISTINCT FROM n.actor_id THEN 'actor_id' END, CASE WHEN o.film_id IS DISTINCT FROM n.film_id THEN 'film_id' END, CASE WHEN o.character IS DISTINCT FROM n.character THEN 'character' END, CASE WHEN o.billing IS DISTINCT FROM n.billing THEN 'billing' END), CASE WHEN o.id IS NOT NULL THEN jsonb_build_object('actor_id', o.actor_id, 'film_id', o.film_id, 'character', o.character, 'billing', o.billing) END, CASE WHEN n.id IS NOT NULL THEN jsonb_build_object('actor_id', n.actor_id, 'film_id', n.film_id, 'character', n.character, 'billing', n.billing) END
        FROM old_rows AS o FULL JOIN new_rows AS n ON o.id = n.id WHERE ROW(o.id, o.actor_id, o.film_id, o.character, o.billing) IS DISTINCT FROM ROW(n.id, n.actor_id, n.film_id, n.character, n.billing) ORDER BY coalesce(n.id, o.id);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT o.film_id, o.id, o.actor_id, '-', now(), who, origin, 'actor_id film_id character billing', jsonb_build_object('actor_id', o.actor_id, 'film_id', o.film_id, 'character', o.character, 'billing', o.billing), NULL::jsonb FROM old_rows AS o ORDER BY o.id;
    ELSE
        INSERT INTO actors_filmchange (film_id, credit_id, actor_id, kind, at, who, origin, fields, before, after) SELECT o.film_id, o.id, o.actor_id, '-', now(), who, origin, 'actor_id film_id character billing', jsonb_build_object('actor_id', o.actor_id, 'film_id', o.film_id, 'character', o.character, 'billing', o.billing), NULL::jsonb FROM actors_credit AS o ORDER BY o.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER actors_credit_note_insert AFTER INSERT ON actors_credit
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_credit_note();
CREATE TRIGGER actors_credit_note_update AFTER UPDATE ON actors_credit
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_credit_note();
CREATE TRIGGER actors_credit_note_delete AFTER DELETE ON actors_credit
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION actors_credit_note();
CREATE TRIGGER actors_credit_note_truncate BEFORE TRUNCATE ON actors_credit FOR EACH STATEMENT EXECUTE FUNCTION actors_credit_note();
