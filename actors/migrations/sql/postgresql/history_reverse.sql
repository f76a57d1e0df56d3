DROP TRIGGER actor_note_insert ON actor;
DROP TRIGGER actor_note_update ON actor;
DROP TRIGGER actor_note_delete ON actor;
DROP TRIGGER actor_note_truncate ON actor;
DROP FUNCTION actor_note();

DROP TRIGGER actors_film_note_insert ON actors_film;
DROP TRIGGER actors_film_note_update ON actors_film;
DROP TRIGGER actors_film_note_delete ON actors_film;
DROP TRIGGER actors_film_note_truncate ON actors_film;
DROP FUNCTION actors_film_note();

DROP TRIGGER actors_credit_note_insert ON actors_credit;
DROP TRIGGER actors_credit_note_update ON actors_credit;
DROP TRIGGER actors_credit_note_delete ON actors_credit;
DROP TRIGGER actors_credit_note_truncate ON actors_credit;
DROP FUNCTION actors_credit_note();
