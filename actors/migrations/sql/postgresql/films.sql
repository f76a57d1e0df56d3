-- A trigger maintains each film's version, last change and folded titles.

CREATE FUNCTION film_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF ROW(NEW.title, NEW.original_title, NEW.year) IS DISTINCT FROM ROW(OLD.title, OLD.original_title, OLD.year) THEN
            NEW.version := OLD.version + 1;
            NEW.last_update := now();
        ELSE
            NEW.version := OLD.version;
            NEW.last_update := OLD.last_update;
        END IF;
    END IF;
    NEW.sort_title := actor_fold(NEW.title);
    NEW.search := ' ' || btrim(NEW.sort_title || ' ' || actor_fold(NEW.original_title));
    RETURN NEW;
END $$;

CREATE TRIGGER zz_film_keep BEFORE INSERT OR UPDATE ON actors_film FOR EACH ROW EXECUTE FUNCTION film_keep();
