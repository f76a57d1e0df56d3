DROP TRIGGER actor_keep_insert;
DROP TRIGGER actor_keep_update;
