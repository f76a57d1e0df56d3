DROP TRIGGER zz_film_keep ON actors_film;
DROP FUNCTION film_keep();
