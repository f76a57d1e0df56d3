"""Django's PostgreSQL backend, with bounds on waiting. See actorsite.db.deadlines."""
