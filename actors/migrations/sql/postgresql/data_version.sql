-- The version of all the data that public pages show. Its token is random, so that a restored backup never gives an
-- old token to other rows. `at` is a Unix time in whole seconds.
--
-- A statement only records its transaction. At commit, after all other deferred constraints, the transaction updates
-- the one row of actors_version. So writers wait for each other only for the length of a commit, and none holds that
-- row while it waits for another lock.

CREATE TABLE actors_version (id smallint PRIMARY KEY CHECK (id = 1), number bigint NOT NULL, token text NOT NULL, at bigint NOT NULL);
INSERT INTO actors_version VALUES (1, 1, gen_random_uuid(), floor(extract(epoch FROM now())));

-- A row exists only within its transaction: no other session sees it, and it need not survive a crash.
CREATE UNLOGGED TABLE actors_written (transaction xid8 PRIMARY KEY);

-- With their owner's rights, so that a role that writes actors needs no permission to write the version.
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
        -- A deferred trigger that is queued by a deferred trigger fires after all that were queued before it. By
        -- then the checks of foreign keys, which may wait for other transactions, are done.
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
