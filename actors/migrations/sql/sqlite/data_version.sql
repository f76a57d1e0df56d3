-- The version of all the data that public pages show. Its token is random, so that a restored backup never gives an
-- old token to other rows. `at` is a Unix time in whole seconds.

CREATE TABLE actors_version (id integer PRIMARY KEY CHECK (id = 1), number integer NOT NULL,
    token text NOT NULL, at integer NOT NULL);

INSERT INTO actors_version VALUES (1, 1, lower(hex(randomblob(16))), CAST(strftime('%s', 'now') AS integer));

CREATE TRIGGER actor_version_insert AFTER insert ON actor
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actor_version_update AFTER update ON actor
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actor_version_delete AFTER delete ON actor
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_film_version_insert AFTER insert ON actors_film
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_film_version_update AFTER update ON actors_film
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_film_version_delete AFTER delete ON actors_film
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_credit_version_insert AFTER insert ON actors_credit
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_credit_version_update AFTER update ON actors_credit
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_credit_version_delete AFTER delete ON actors_credit
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_change_version_insert AFTER insert ON actors_change
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_change_version_update AFTER update ON actors_change
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;

CREATE TRIGGER actors_change_version_delete AFTER delete ON actors_change
BEGIN
    UPDATE actors_version SET number = number + 1, token = lower(hex(randomblob(16))),
        at = max(CAST(strftime('%s', 'now') AS integer), at);
END;
