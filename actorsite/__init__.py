"""The site: how it runs. It knows nothing of its subject, so that another Django project can take it as it is."""
