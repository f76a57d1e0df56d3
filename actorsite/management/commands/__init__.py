"""The site's commands of manage.py."""
