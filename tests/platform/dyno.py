"""The image as Heroku runs it: dynos, and the headers that the router sends."""

import http.client
import json
import random
import secrets
import time
from pathlib import Path

from tests.platform.engine import IMAGE, Container, engine, is_podman, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "actors-1234.herokuapp.com"
# The config vars of app.json, and a SECRET_KEY as Heroku generates it.
CONFIG = {
    name: entry["value"]
    for name, entry in json.loads((ROOT / "app.json").read_text())["env"].items()
    if "value" in entry
} | {"SECRET_KEY": secrets.token_hex(32)}


def router(**more):
    """Return the headers of a request from Heroku's router. ``more`` adds or replaces headers."""
    return {
        "Host": HOST,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Port": "443",
        "X-Request-Start": str(int(time.time() * 1000)),
        "X-Request-Id": secrets.token_hex(16),
        "Via": "1.1 vegur",
        **more,
    }


class Dyno(Container):
    """Container like a dyno: random user and group, no passwd entry, a missing HOME, 512 MB, PORT and DYNO.

    ``config`` adds or replaces config vars. Without ``command``, the image runs
    its own command.
    """

    def __init__(self, *command, network, database, name="web.1", config=(), options=(), entrypoint=None):
        self.port = random.randint(10_000, 60_000)
        self.user, self.group = random.randint(20_000, 60_000), random.randint(20_000, 60_000)
        flags = ["--user", f"{self.user}:{self.group}", "--memory", "512m", "--memory-swap", "512m", *options]
        flags += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        if is_podman():
            flags += ["--passwd=false"]
        environment = {
            **CONFIG,
            **({"DATABASE_URL": database} if database else {}),
            "PORT": self.port,
            "DYNO": name,
            "HOME": "/nonexistent",
            **dict(config),
        }
        super().__init__(IMAGE, *command, options=flags, environment=environment, network=network, publish=self.port)

    def endpoint(self):
        """Return the (host, port) of the dyno for clients on the host."""
        return self.address(self.port)

    def get(self, path="/", headers=None, timeout=30, **more):
        """Send a request as the router does; return (status, headers, text). Raises OSError if there is no response."""
        connection = http.client.HTTPConnection(*self.endpoint(), timeout=timeout)
        try:
            connection.request("GET", path, headers=headers or router(**more))
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def up(self, timeout=60):
        """Wait for the first response; return the seconds since the start. Raises TimeoutError with the log."""

        def responds():
            try:
                return self.get("/livez", timeout=2)[0] == 200
            except (OSError, http.client.HTTPException):
                if not self.running():
                    raise RuntimeError(f"the dyno exited:\n{''.join(self.logs())}") from None
                return False

        wait_for(responds, timeout, lambda: "".join(self.logs()), pause=0.02)
        return time.monotonic() - self.started


def run(*command, network, database, timeout=120, **options):
    """Run a one-off dyno until it exits; return (exit code, stdout, stderr)."""
    dyno = Dyno(*command, network=network, database=database, **{"name": "run.1", **options})
    try:
        code = dyno.wait(timeout)
        return code, *dyno.logs()
    finally:
        dyno.remove()


def image():
    """Return the engine's description of the image under test, as a dict."""
    return json.loads(engine("image", "inspect", IMAGE).stdout)[0]
