"""A dyno and a pod run the same image, and give the same responses to the same requests."""

import gzip
import http.client
import re

import pytest

from tests.k8s.kustomize import named
from tests.platform import podrunner, site
from tests.platform.dyno import Dyno

pytestmark = pytest.mark.xdist_group("contracts")

REQUESTS = [
    ("GET", "/", {}),
    ("HEAD", "/", {}),
    ("GET", "/?q=mifune", {}),
    ("GET", "/?country=JP&sort=first", {}),
    ("GET", "/?sort=size", {}),
    ("GET", "/?after=forged", {}),
    ("GET", "/?q=%00", {}),
    ("GET", "/", {"Accept-Language": "zh-CN"}),
    ("GET", "/", {"Accept-Encoding": "gzip"}),
    ("GET", "/", {"Host": "other.example"}),
    ("GET", "/", {"X-Forwarded-Proto": "http"}),
    ("GET", "/actors/1/", {}),
    ("GET", "/actors/999999999/", {}),
    ("GET", "/actors.json", {}),
    ("GET", "/actors.csv", {}),
    ("GET", "/actors.ndjson", {}),
    ("GET", "/spotlight/", {}),
    ("GET", "/nothing/", {}),
    ("POST", "/", {}),
    ("GET", "/admin/", {}),
    ("GET", "/admin/login/", {}),
    ("GET", "/livez", {}),
    ("GET", "/readyz", {}),
    ("GET", "/health", {}),
]
# Headers that differ in every response.
VARYING = {"date", "expires", "x-request-id"}


def transcript(address, name):
    """Return the responses of the server at ``address`` to REQUESTS, without the parts that always differ."""
    lines = []
    for method, path, headers in REQUESTS:
        connection = http.client.HTTPConnection(*address, timeout=20)
        connection.request(method, path, headers={**site.HEADERS, **headers})
        response = connection.getresponse()
        body = response.read()
        response_headers = sorted(
            (key.lower(), value) for key, value in response.getheaders() if key.lower() not in VARYING
        )
        connection.close()
        if path == "/spotlight/":  # random actors, and the name of the server
            assert name.encode() in body
            response_headers, body = (
                [pair for pair in response_headers if pair[0] not in ("content-length", "etag")],
                b"",
            )
        if ("content-encoding", "gzip") in response_headers:  # padded to a random length, against BREACH
            response_headers, body = (
                [pair for pair in response_headers if pair[0] != "content-length"],
                gzip.decompress(body),
            )
        text = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', r'\1=""', body.decode("latin-1"))
        response_headers = [
            (key, re.sub(r"(csrftoken=)[^;]+|(expires=)[^;]+", r"\1\2", value)) for key, value in response_headers
        ]
        lines.append((method, path, headers, response.status, response_headers, text))
    return lines


def test_dyno_and_pod_send_the_same_responses():
    with podrunner.PodRunner() as runner:
        rendered = site.deploy(runner, replicas=1)
        (pod,) = runner.pods("web")
        pod.exec("python", "manage.py", "seed")
        (database,) = runner.pods("postgres", kind="StatefulSet")
        settings = {**named(rendered, "ConfigMap", "actorsite")["data"]}
        settings["SECRET_KEY"] = runner.lookup("Secret", "actorsite")["stringData"]["SECRET_KEY"]
        url = site.database_url(host=database.ip)
        dyno = Dyno(network=runner.network, database=url, config=settings)
        try:
            dyno.up()
            assert dyno.inspect()["Image"].removeprefix("sha256:") == pod.image_id
            of_dyno, of_pod = transcript(dyno.endpoint(), "web.1"), transcript((pod.ip, 5000), pod.name)
        finally:
            dyno.remove()
    assert len(of_pod) == len(REQUESTS)
    assert {line[3] for line in of_pod} >= {200, 301, 302, 400, 404, 405}
    for pod_line, dyno_line in zip(of_pod, of_dyno, strict=True):
        assert pod_line == dyno_line
