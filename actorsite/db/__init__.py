"""Database connections: bounded waits and a circuit breaker."""
