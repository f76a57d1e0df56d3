DROP TRIGGER film_keep_insert;
DROP TRIGGER film_keep_update;
