"""The admin site: general list parts, the dashboard, and form recovery."""
