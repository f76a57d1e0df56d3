"""Accounts: second factor, passkeys, lockout, sessions and permissions."""
