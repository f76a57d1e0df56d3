"""``manage.py make_actors``: generated actors, to test a large directory."""

import io
import time

import pytest
from django.core.management import CommandError, call_command

from actors.management.progress import Progress
from actors.management.sample_people import sample_people
from actors.models import Actor

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.mark.slow
def test_actors_are_added_and_searchable(actor, capsys):
    call_command("make_actors", "1500")
    assert Actor.objects.count() == 1501
    assert capsys.readouterr().out.startswith("Added 1,500 actors in ")
    for someone in Actor.objects.exclude(pk=actor.pk).order_by("?")[:20]:
        someone.full_clean()
        assert Actor.objects.search(str(someone)).filter(pk=someone.pk).exists()


def test_same_seed_creates_the_same_actors():
    assert list(sample_people(50, 7)) == list(sample_people(50, 7)) != list(sample_people(50, 8))


@pytest.mark.parametrize("number", ["0", "-1", "1e3", "many", "100000001", "١٠"])
def test_invalid_number_is_refused(number):
    with pytest.raises(CommandError, match=r"whole number from 1 to 100000000|unrecognized|required"):
        call_command("make_actors", number)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_only():
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        progress = Progress(stream, 2_000)
        progress.start = time.monotonic() - 10
        progress.shown = 0
        progress(1_000)
        assert ("50%  1,000 rows, 100 a second, 10 s left" in stream.getvalue()) is shown
