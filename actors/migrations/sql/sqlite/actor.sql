-- Triggers maintain each row's version, last change and folded names for every write.
-- actor_fold() is the function `fold` in Python.

CREATE TRIGGER actor_keep_insert AFTER INSERT ON actor
BEGIN
    UPDATE actor SET
        sort_last = actor_fold(NEW.last_name || ' ' || NEW.first_name),
        sort_first = actor_fold(NEW.first_name || ' ' || NEW.last_name),
        search = ' ' || trim(actor_fold(NEW.first_name || ' ' || NEW.last_name)
            || ' ' || actor_fold(NEW.native_name || ' ' || NEW.also_known_as))
    WHERE actor_id = NEW.actor_id;
END;

CREATE TRIGGER actor_keep_update AFTER UPDATE ON actor
BEGIN
    UPDATE actor SET
        version = OLD.version + (NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name
            OR NEW.native_name IS NOT OLD.native_name OR NEW.birth_year IS NOT OLD.birth_year
            OR NEW.death_year IS NOT OLD.death_year OR NEW.country IS NOT OLD.country
            OR NEW.biography IS NOT OLD.biography OR NEW.also_known_as IS NOT OLD.also_known_as),
        last_update = CASE WHEN (NEW.first_name IS NOT OLD.first_name OR NEW.last_name IS NOT OLD.last_name
            OR NEW.native_name IS NOT OLD.native_name OR NEW.birth_year IS NOT OLD.birth_year
            OR NEW.death_year IS NOT OLD.death_year OR NEW.country IS NOT OLD.country
            OR NEW.biography IS NOT OLD.biography OR NEW.also_known_as IS NOT OLD.also_known_as)
            THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE OLD.last_update END,
        sort_last = actor_fold(NEW.last_name || ' ' || NEW.first_name),
        sort_first = actor_fold(NEW.first_name || ' ' || NEW.last_name),
        search = ' ' || trim(actor_fold(NEW.first_name || ' ' || NEW.last_name)
            || ' ' || actor_fold(NEW.native_name || ' ' || NEW.also_known_as))
    WHERE actor_id = NEW.actor_id;
END;
