"""Two servers on one database: after a write of any kind, neither serves a stale page."""

import pytest

from tests.database import cursor_of
from tests.environment import DATABASE
from tests.server import Server, manage, migrated_database

# Run in one process, so that the servers start once.
pytestmark = [pytest.mark.sqlite, pytest.mark.xdist_group("never stale")]

PK = 1001
# The key of a cached page includes the host, and each server has a different port.
HOST = {"Host": "localhost"}


@pytest.fixture(scope="module")
def database():
    with migrated_database(["actors", "films"]) as url:
        yield url


@pytest.fixture(scope="module")
def servers(database):
    with Server(database) as one, Server(database) as other:
        yield one, other


def by_orm(url, year):
    program = f"from actors.models import Actor; Actor.objects.filter(pk={PK}).update(birth_year={year})"
    assert_succeeded(manage("shell", "--command", program, DATABASE_URL=url))


def by_sql(url, year):
    statement = f"UPDATE actor SET birth_year = {year} WHERE actor_id = {PK}"
    if DATABASE == "postgresql":
        with cursor_of(url) as cursor:
            cursor.execute(statement)
        return
    program = f"from django.db import connection; connection.cursor().execute({statement!r})"
    assert_succeeded(manage("shell", "--command", program, DATABASE_URL=url))


def by_loaddata(url, year, tmp_path):
    fixture = tmp_path / "one.json"
    fixture.write_text(
        f'[{{"model": "actors.actor", "pk": {PK}, "fields": {{"last_name": "Changed", "birth_year": {year}}}}}]'
    )
    assert_succeeded(manage("loaddata", str(fixture), DATABASE_URL=url))


def assert_succeeded(ended):
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("way", ["orm", "sql", "loaddata"])
def test_write_is_visible_in_next_response_of_every_process(database, servers, way, tmp_path):
    years = iter(range(1901 + 10 * ["orm", "sql", "loaddata"].index(way), 2000))
    for url in (f"/actors/{PK}/", f"/actors/{PK}.json"):
        tags = []
        for server in (*servers, *servers):
            status, headers, _ = server.get(url, HOST)
            if status == 301:
                url = headers["Location"]
                headers = server.get(url, HOST)[1]
            tags.append(headers["ETag"])
        # The ETag is the same in every process, so that a load balancer may use any of them.
        assert len(set(tags)) == 1
        assert {server.get(url, {**HOST, "If-None-Match": tags[0]})[0] for server in servers} == {304}
        year = next(years)
        {"orm": by_orm, "sql": by_sql, "loaddata": lambda *arguments: by_loaddata(*arguments, tmp_path)}[way](
            database, year
        )
        for server in servers:
            status, headers, body = server.get(url, {**HOST, "If-None-Match": tags[0]})
            if status == 301:  # loaddata has changed the name
                status, headers, body = server.get(headers["Location"], HOST)
            assert (status, str(year).encode() in body) == (200, True)
            assert headers["ETag"] != tags[0]


def test_request_right_after_commit_returns_the_new_data(database, servers):
    """Each write is followed by requests to both servers, which have cached the page."""
    if DATABASE == "sqlite":
        for year in (1950, 1951):
            by_sql(database, year)
            for server in servers:
                assert f'"birth_year":{year}'.encode() in server.get(url_of(server))[2]
        return
    url = url_of(servers[0])
    with cursor_of(database) as cursor:
        for year in range(1900, 1960):
            cursor.execute("UPDATE actor SET birth_year = %s WHERE actor_id = %s", [year, PK])
            for server in (*servers, *servers):
                assert f'"birth_year":{year}'.encode() in server.get(url, HOST)[2]


def url_of(server):
    status, headers, _ = server.get(f"/actors/{PK}.json")
    return headers["Location"] if status == 301 else f"/actors/{PK}.json"
