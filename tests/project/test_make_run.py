"""``make run``: set up, sign in, edit an actor and see the change on the public site."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from django.conf import settings

from tests.environment import MEASURED
from tests.postgres import free_port

pytestmark = pytest.mark.sqlite


def development(database, port):
    """Return the environment that the Makefile sets, with the URL ``database`` and with ``port``."""
    makefile = (settings.BASE_DIR / "Makefile").read_text()
    fixed = dict(re.findall(r"\b([A-Z_]+)=([^$\s]+)", makefile.split("DEVELOPMENT =")[1].split("\n\n")[0]))
    chosen = {"DATABASE_URL": database, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    return {"PATH": os.environ["PATH"], **fixed, **MEASURED, **chosen}


@contextmanager
def running(database, port):
    """Start ``bin/run``; yield its process; stop it and its server."""
    process = subprocess.Popen(
        ["sh", "bin/run", sys.executable],
        cwd=settings.BASE_DIR,
        env=development(database, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=10)


class Browser:
    """A client that follows redirects and keeps cookies."""

    def __init__(self, port):
        self.origin = f"http://localhost:{port}"
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path, data=None):
        with self.opener.open(self.origin + path, data and urlencode(data).encode(), timeout=10) as response:
            return response.read().decode()

    def post(self, path, data):
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path))[1]
        return self.get(path, {"csrfmiddlewaretoken": token, **data})

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.get("/")
            except HTTPError:
                raise
            except (URLError, OSError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


def test_first_make_run_serves_pages_and_shows_an_edit(empty_database):
    port = free_port()
    with running(empty_database, port) as process:
        browser = Browser(port)
        page = browser.wait(seconds=60)
        printed = ""
        while "Password" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        account = re.search(r"Account +(\S+)", printed)[1]
        password = re.search(r"Password +(\S+)", printed)[1]
        assert f"http://localhost:{port}/admin/" in printed

        link = re.search(r'href="(/actors/(\d+)-[^"]+/)"', page)
        assert "Corrected." not in browser.get(link[1])

        found = browser.get("/?" + urlencode({"q": "toshiro mifune"}))
        assert "三船敏郎" in found

        edit = f"/admin/actors/actor/{link[2]}/change/"
        login = "/admin/login/?" + urlencode({"next": edit})
        form = browser.post(login, {"username": account, "password": password, "next": edit})
        assert 'name="biography"' in form
        fields = dict(re.findall(r'<input type="(?:text|number|hidden)" name="(\w+)" value="([^"]*)"', form))
        browser.post(edit, {**fields, "country": "", "biography": "Corrected.", "_save": "Save"})
        assert "Corrected." in browser.get(link[1])


@pytest.mark.once
def test_port_in_use_is_reported_before_database_is_created(tmp_path):
    database = tmp_path / "new.sqlite3"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            ["sh", "bin/run", sys.executable],
            cwd=settings.BASE_DIR,
            env=development(f"sqlite:///{database}", port),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is taken. Choose another: make run PORT={port + 1}\n"
    assert not database.exists()
