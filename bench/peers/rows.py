"""The page that the limits and the peers show: the first 50 actors by last name, in about 10 kB."""

import os

import psycopg2

QUERY = (
    "SELECT actor_id, first_name, last_name, birth_year, death_year, country FROM actor "
    "ORDER BY sort_last, actor_id LIMIT 50"
)
HEAD = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Actors</title>
</head>
<body>
  <main>
    <h1>Actors</h1>
    <ul class="actors">
"""
FOOT = """    </ul>
  </main>
</body>
</html>
"""


def database_url() -> str:
    """Return the URL of the database, from DATABASE_URL."""
    return os.environ["DATABASE_URL"]


def fixed() -> tuple[bytes, list[tuple[str, str]]]:
    """Return the page of the current rows, and its headers."""
    connection = psycopg2.connect(database_url())
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        body = page(cursor)
    connection.close()
    return body, [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]


def page(rows) -> bytes:
    """Return the page of ``rows``, joined by f-strings."""
    return f"{HEAD}{''.join(map(_line, rows))}{FOOT}".encode()


def _line(row):
    number, first, last, born, died, country = row
    years = f"{born or ''}–{died}" if died else f"born {born}" if born else ""
    return f"""      <li>
        <a href="/actors/{number}-{first.lower()}-{last.lower()}/">{first} <b>{last}</b></a>
        <span class="years">{years}</span>
        <span class="country">{country}</span>
      </li>
"""
