"""Django's PostgreSQL backend with bounded waits: actorsite.db.deadlines and actorsite.db.circuit_breaker."""
