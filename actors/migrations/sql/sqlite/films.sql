-- Triggers maintain each film's version, last change and folded titles.

CREATE TRIGGER film_keep_insert AFTER INSERT ON actors_film
BEGIN
    UPDATE actors_film SET
        sort_title = actor_fold(NEW.title),
        search = ' ' || trim(actor_fold(NEW.title) || ' ' || actor_fold(NEW.original_title))
    WHERE id = NEW.id;
END;

CREATE TRIGGER film_keep_update AFTER UPDATE ON actors_film
BEGIN
    UPDATE actors_film SET
        version = OLD.version + (NEW.title IS NOT OLD.title OR NEW.original_title IS NOT OLD.original_title
            OR NEW.year IS NOT OLD.year),
        last_update = CASE WHEN (NEW.title IS NOT OLD.title OR NEW.original_title IS NOT OLD.original_title
            OR NEW.year IS NOT OLD.year) THEN strftime('%Y-%m-%d %H:%M:%f', 'now') ELSE OLD.last_update END,
        sort_title = actor_fold(NEW.title),
        search = ' ' || trim(actor_fold(NEW.title) || ' ' || actor_fold(NEW.original_title))
    WHERE id = NEW.id;
END;
