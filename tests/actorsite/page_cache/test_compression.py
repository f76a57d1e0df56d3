"""Responses that the page cache does not handle are compressed if the client accepts it."""

import gzip

import pytest

from actors.models import Actor

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def actors():
    Actor.objects.bulk_create(Actor(first_name=f"Number {n}") for n in range(60))


@pytest.mark.parametrize("url", ["/", "/actors.json", "/actors.csv"])
def test_compressed_response_is_smaller_and_has_same_content(client, url):
    plain = client.get(url)
    packed = client.get(url, headers=GZIP)
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    short, long = packed.getvalue(), plain.getvalue()
    assert len(short) < len(long) / 2
    assert gzip.decompress(short) == long
