-- Triggers maintain each row's version, last change and folded names for every write.

-- `last_update` holds UTC. The old default, now(), is local time in a session of another time zone.
ALTER TABLE actor ALTER COLUMN last_update SET DEFAULT timezone('UTC', now());

CREATE FUNCTION actor_keep() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first text := actor_fold(NEW.first_name);
    last text := actor_fold(NEW.last_name);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF ROW(NEW.first_name, NEW.last_name, NEW.native_name, NEW.birth_year, NEW.death_year, NEW.country, NEW.biography, NEW.also_known_as) IS DISTINCT FROM ROW(OLD.first_name, OLD.last_name, OLD.native_name, OLD.birth_year, OLD.death_year, OLD.country, OLD.biography, OLD.also_known_as) THEN
            NEW.version := OLD.version + 1;
            NEW.last_update := timezone('UTC', now());
        ELSE
            NEW.version := OLD.version;
            NEW.last_update := OLD.last_update;
        END IF;
    END IF;
    NEW.sort_last := btrim(last || ' ' || first);
    NEW.sort_first := btrim(first || ' ' || last);
    NEW.search := ' ' || btrim(NEW.sort_first || ' ' || actor_fold(NEW.native_name || ' ' || NEW.also_known_as));
    RETURN NEW;
END $$;

-- Triggers fire in the order of their names: this one after an adopted table's own, whose last_update it replaces.
CREATE TRIGGER zz_actor_keep BEFORE INSERT OR UPDATE ON actor FOR EACH ROW EXECUTE FUNCTION actor_keep();

-- Django and loaddata find a column's sequence by its owner. An adopted sequence may have none, or lag behind.
DO $$ BEGIN
    IF pg_get_serial_sequence('actor', 'actor_id') IS NULL AND to_regclass('actor_actor_id_seq') IS NOT NULL THEN
        ALTER SEQUENCE actor_actor_id_seq OWNED BY actor.actor_id;
    END IF;
    IF to_regclass('actor_actor_id_seq') IS NOT NULL THEN
        PERFORM setval('actor_actor_id_seq', last) FROM (SELECT max(actor_id) AS last FROM actor) AS ids
            WHERE last > (SELECT last_value FROM actor_actor_id_seq);
    END IF;
END $$;
