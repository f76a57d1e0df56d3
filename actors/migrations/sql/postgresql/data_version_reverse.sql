DROP TRIGGER actors_version ON actor;
DROP TRIGGER actors_version ON actors_film;
DROP TRIGGER actors_version ON actors_credit;
DROP TRIGGER actors_version ON actors_change;
DROP TABLE actors_written;
DROP TABLE actors_version;
DROP FUNCTION actors_raise_version();
DROP FUNCTION actors_note_transaction();
