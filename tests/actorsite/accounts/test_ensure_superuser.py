"""``manage.py ensure_superuser`` creates the first administrator, once."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from tests.clients import PASSWORD

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.fixture
def run_ensure_superuser(settings, capsys):
    """Return a function that runs the command with a username and a password, and returns its output."""

    def run(username="ada", password=PASSWORD, email=""):
        settings.FIRST_ADMINISTRATOR = {"username": username, "password": password, "email": email}
        try:
            call_command("ensure_superuser")
            output = ""
        except CommandError as error:
            output = str(error)
        captured = capsys.readouterr()
        output += captured.out + captured.err
        assert not password or password not in output
        return output

    return run


def test_ensure_superuser_creates_the_first_administrator(run_ensure_superuser):
    assert run_ensure_superuser(email="ada@example.org") == "Created the administrator ada.\n"
    ada = authenticate(RequestFactory().get("/"), username="ada", password=PASSWORD)
    assert (ada.is_staff, ada.is_superuser, ada.email) == (True, True, "ada@example.org")


def test_second_run_of_ensure_superuser_changes_nothing(run_ensure_superuser):
    run_ensure_superuser()
    ada = User.objects.get()
    ada.set_password("changed by herself")
    ada.save()
    assert (
        run_ensure_superuser(password="another password")
        == "An administrator already exists: ada. Nothing was changed.\n"
    )
    assert authenticate(RequestFactory().get("/"), username="ada", password="changed by herself")
    assert User.objects.count() == 1


def test_renamed_administrator_is_not_created_again(run_ensure_superuser):
    run_ensure_superuser()
    User.objects.update(username="countess")
    run_ensure_superuser()
    assert User.objects.get().username == "countess"


def test_existing_account_does_not_become_superuser(run_ensure_superuser):
    User.objects.create_user("ada", password="only a visitor")
    assert (
        run_ensure_superuser()
        == "DJANGO_SUPERUSER_USERNAME names an account that is not an active administrator. It was not changed."
    )
    ada = User.objects.get()
    assert not ada.is_superuser and ada.check_password("only a visitor")


def test_no_administrator_is_created_without_variables(run_ensure_superuser):
    assert run_ensure_superuser(None, None) == (
        "DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD are not set, so no administrator was created.\n"
    )


@pytest.mark.parametrize(("half", "missing"), [(("ada", None), "PASSWORD"), ((None, PASSWORD), "USERNAME")])
def test_username_or_password_alone_is_refused(run_ensure_superuser, half, missing):
    assert run_ensure_superuser(*half).startswith(f"DJANGO_SUPERUSER_{missing} must be set too")
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["qx7!", "12345678901", "password1"])
def test_weak_password_is_refused(run_ensure_superuser, password):
    assert run_ensure_superuser(password=password).startswith("DJANGO_SUPERUSER_PASSWORD is too weak.")
    assert not User.objects.exists()
