"""Test clients of signed-in users."""

from django.contrib.auth.models import Group, User
from django.test import Client

PASSWORD = "correct horse battery"


def client_of(role, name=None):
    """Return a client signed in as a new member of the group ``role``, or signed out if ``role`` is None."""
    client = Client()
    if role:
        person = User.objects.create_user(name or role.lower(), password=PASSWORD, is_staff=True)
        person.groups.add(Group.objects.get(name=role))
        client.force_login(person)
    return client
