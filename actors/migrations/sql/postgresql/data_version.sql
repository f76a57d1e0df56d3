-- The version of all the data that public pages show. Its token is random, so that a restored backup never gives an
-- old token to other rows. `at` is a Unix time in whole seconds.
--
-- A statement only notes its transaction. When the transaction commits, after all other deferred constraints, one
-- row is changed: writers wait for each other for the length of a commit, and each waits last of all, so that none
-- holds the row while it waits for another's.

CREATE TABLE actors_version (id smallint PRIMARY KEY CHECK (id = 1), number bigint NOT NULL, token text NOT NULL, at bigint NOT NULL);
INSERT INTO actors_version VALUES (1, 1, gen_random_uuid(), floor(extract(epoch FROM now())));

-- A row lives no longer than its transaction: nobody else sees it, and no crash needs it.
CREATE UNLOGGED TABLE actors_written (transaction xid8 PRIMARY KEY);

-- With their owner's rights: who may write actors need not be allowed to write the version.
CREATE FUNCTION actors_note_transaction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO actors_written VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION actors_raise_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A deferred trigger that a deferred trigger sets off comes after all that were set off before:
        -- foreign keys, whose checks wait for other transactions, have been looked at by then.
        DELETE FROM actors_written WHERE transaction = NEW.transaction;
    ELSE
        INSERT INTO actors_version AS v VALUES (1, 1, gen_random_uuid(), floor(extract(epoch FROM clock_timestamp())))
        ON CONFLICT (id) DO UPDATE
            SET number = v.number + 1, token = excluded.token, at = greatest(excluded.at, v.at);
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER actors_raise_version AFTER INSERT OR DELETE ON actors_written
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION actors_raise_version();

CREATE TRIGGER actors_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON actor
    FOR EACH STATEMENT EXECUTE FUNCTION actors_note_transaction();
CREATE TRIGGER actors_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON actors_film
    FOR EACH STATEMENT EXECUTE FUNCTION actors_note_transaction();
CREATE TRIGGER actors_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON actors_credit
    FOR EACH STATEMENT EXECUTE FUNCTION actors_note_transaction();
CREATE TRIGGER actors_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON actors_change
    FOR EACH STATEMENT EXECUTE FUNCTION actors_note_transaction();
