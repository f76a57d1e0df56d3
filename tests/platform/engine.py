"""A thin wrapper around Podman, or Docker if Podman is not installed: containers as objects.

The variable ``ENGINE`` names the program, and ``IMAGE`` the image under test, as
for `make image`. All containers and networks have a label of this process, by
which ``remove_all`` removes them at the end (tests/platform/conftest.py).
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

IMAGE = os.environ.get("IMAGE", "actorsite:dev")
POSTGRES_IMAGE = "docker.io/library/postgres:17-trixie"
LABEL = f"actorsite-test={os.getpid()}-{secrets.token_hex(4)}"
MISSING = "No container engine found. Install Podman or Docker, or set ENGINE to its name."


class EngineError(Exception):
    """A failed command of the engine, with its standard error as message."""


def program() -> str:
    """Return the path of the engine's program. Raises EngineError if no engine is installed."""
    for name in filter(None, (os.environ.get("ENGINE"), "podman", "docker")):
        if found := shutil.which(name):
            return found
    raise EngineError(MISSING)


def is_podman():
    return Path(program()).name.startswith("podman")


def engine(*arguments, check=True, timeout=120, binary=False, stdin=None):
    """Run one command of the engine, and return the completed process.

    Raises EngineError if it fails, unless ``check`` is false.
    """
    done = subprocess.run(
        [program(), *map(str, arguments)],
        capture_output=True,
        text=not binary,
        timeout=timeout,
        input=stdin,
        cwd=tempfile.gettempdir(),  # conmon writes a file `oom` to its working directory
    )
    if check and done.returncode:
        raise EngineError(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done


def wait_for(condition, timeout, message, pause=0.05):
    """Call ``condition`` until it returns a true value, and return that. Raises TimeoutError with ``message``."""
    end = time.monotonic() + timeout
    while True:
        if result := condition():
            return result
        if time.monotonic() > end:
            raise TimeoutError(message() if callable(message) else message)
        time.sleep(pause)


class Network:
    """A new bridge network, on which containers resolve each other by name."""

    def __init__(self):
        self.name = f"actorsite-{secrets.token_hex(4)}"
        engine("network", "create", "--label", LABEL, self.name)

    def remove(self):
        engine("network", "rm", self.name, check=False)


class Container:
    """A container. ``options`` are options of `podman run`.

    ``publish`` is a port of the container, published at ``address(port)`` of the host.
    """

    def __init__(self, image, *command, options=(), environment=None, network=None, publish=None, name=None):
        self.name = name or f"actorsite-{secrets.token_hex(4)}"
        arguments = ["--detach", "--name", self.name, "--label", LABEL, "--pull=never", *options]
        for variable, value in (environment or {}).items():
            arguments += ["--env", f"{variable}={value}"]
        if network is not None:
            arguments += ["--network", network.name]
        if publish is not None:
            arguments += ["--publish", f"127.0.0.1::{publish}"]
        self.started = time.monotonic()
        engine("run", *arguments, image, *command)

    def inspect(self):
        """Return the engine's description of the container, as a dict."""
        return json.loads(engine("inspect", self.name).stdout)[0]

    def running(self):
        return self.inspect()["State"]["Running"]

    def address(self, port):
        """Return the (host, port) at which ``port`` of the container is published."""
        host, _, number = engine("port", self.name, f"{port}/tcp").stdout.split()[0].rpartition(":")
        return host, int(number)

    def ip(self, network):
        """Return the IP address of the container on ``network``."""
        return self.inspect()["NetworkSettings"]["Networks"][network.name]["IPAddress"]

    def logs(self):
        """Return (stdout, stderr) so far."""
        done = engine("logs", self.name)
        return done.stdout, done.stderr

    def exec(self, *command, options=(), check=True, timeout=120):
        """Run a command in the container, and return the completed process."""
        return engine("exec", *options, self.name, *command, check=check, timeout=timeout)

    def pids(self):
        """Return the process IDs, on the host, of all processes of the container."""
        fields = ["hpid"] if is_podman() else ["-eo", "pid"]
        done = engine("top", self.name, *fields, check=False)
        # A process that has just exited has no ID.
        return [int(line) for line in done.stdout.split()[1:] if line.isdigit()]

    def signal_all(self, number=signal.SIGTERM):
        """Signal all processes of the container at once, as Heroku does, and return their number."""
        pids = self.pids()
        if os.getuid() != 0:
            unshare = ["podman", "unshare"] if is_podman() else ["sudo", "--non-interactive"]
            subprocess.run([*unshare, "kill", f"-{int(number)}", *map(str, pids)], check=True)
            return len(pids)
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        return len(pids)

    def signal(self, number=signal.SIGTERM):
        """Signal only process 1, as Kubernetes does."""
        engine("kill", "--signal", int(number), self.name)

    def stop(self, grace=30):
        """Send SIGTERM to process 1, then SIGKILL after ``grace`` seconds."""
        engine("stop", "--time", grace, self.name, timeout=grace + 60)

    def wait(self, timeout=30):
        """Wait until the container exits, and return its exit code. Raises TimeoutError with its log."""
        wait_for(lambda: not self.running(), timeout, lambda: f"still running:\n{''.join(self.logs())}")
        return self.inspect()["State"]["ExitCode"]

    def remove(self):
        engine("kill", self.name, check=False)  # `rm` alone would wait for it to stop
        engine("rm", "--force", "--volumes", self.name, check=False)


def certificate(host):
    """Return a self-signed certificate for ``host``, as (certificate, key) in PEM format."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}"),
                *("-keyout", "key.pem", "-out", "certificate.pem", "-addext", f"subjectAltName=DNS:{host}"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return (Path(folder) / "certificate.pem").read_text(), (Path(folder) / "key.pem").read_text()


class Database(Container):
    """PostgreSQL 17 in a container. The constructor waits until it is ready.

    With ``tls``, it refuses network connections without TLS, as Heroku's servers
    do. ``url`` returns its URL on the network, in Heroku's form.
    """

    USER, PASSWORD, PORT = "actors", "s3cret-of-the-tests", 5432

    def __init__(self, network, tls=False, options=()):
        name = f"actorsite-{secrets.token_hex(4)}"
        settings = ["-c", "fsync=off", "-c", "full_page_writes=off", *options]
        settings += ["-c", "unix_socket_directories=/tmp"]
        environment = {"POSTGRES_USER": self.USER, "POSTGRES_PASSWORD": self.PASSWORD, "POSTGRES_DB": "actors"}
        environment["PGHOST"] = "/tmp"
        script = 'exec docker-entrypoint.sh postgres "$@"'
        if tls:
            environment["TLS_CERTIFICATE"], environment["TLS_KEY"] = certificate(name)
            script = (
                'umask 077; printf %s "$TLS_CERTIFICATE" > /tmp/tls.crt; printf %s "$TLS_KEY" > /tmp/tls.key; ' + script
            )
            settings += ["-c", "ssl=on", "-c", "ssl_cert_file=/tmp/tls.crt", "-c", "ssl_key_file=/tmp/tls.key"]
        super().__init__(
            POSTGRES_IMAGE,
            *("-c", script, "postgres", *settings),
            options=["--user", "999:999", "--entrypoint", "/bin/bash"],
            environment=environment,
            network=network,
            publish=self.PORT,
            name=name,
        )
        wait_for(self._ready, 60, lambda: f"PostgreSQL did not start:\n{''.join(self.logs())}", pause=0.2)
        if tls:
            only_tls = r"sed -i -E 's/^host(\s+all\s+all\s+all\s)/hostssl\1/' "
            self.exec("bash", "-c", only_tls + '"$PGDATA/pg_hba.conf"')
            self.sql("SELECT pg_reload_conf()")

    def _ready(self):
        # Connect over TCP: the temporary server of the image's first start listens only on its Unix socket.
        return self.exec("pg_isready", "-q", "-h", "127.0.0.1", "-U", self.USER, check=False).returncode == 0

    def sql(self, statement, database="actors"):
        """Run one statement as the owner, and return psql's unaligned output."""
        return self.exec("psql", "-U", self.USER, "-d", database, "-XAtq", "-c", statement).stdout.strip()

    def url(self, database="actors", scheme="postgres"):
        return f"{scheme}://{self.USER}:{self.PASSWORD}@{self.name}:{self.PORT}/{database}"

    def url_for_host(self, database="actors"):
        """Return the URL of the server for clients on the host."""
        host, port = self.address(self.PORT)
        return f"postgres://{self.USER}:{self.PASSWORD}@{host}:{port}/{database}"


def reachable(host, port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def remove_all():
    """Remove every container and network that this process started."""
    names = engine("ps", "--all", "--quiet", "--filter", f"label={LABEL}", check=False).stdout.split()
    if names:
        engine("kill", *names, check=False)
        engine("rm", "--force", "--volumes", *names, check=False)
    for name in engine("network", "ls", "--quiet", "--filter", f"label={LABEL}", check=False).stdout.split():
        engine("network", "rm", name, check=False)
