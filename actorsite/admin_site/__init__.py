"""The admin as a site: its dashboard, and the recovery of forms that could not be saved."""
