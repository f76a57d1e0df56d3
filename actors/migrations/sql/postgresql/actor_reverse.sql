DROP TRIGGER zz_actor_keep ON actor;
DROP FUNCTION actor_keep();
ALTER TABLE actor ALTER COLUMN last_update SET DEFAULT now();
