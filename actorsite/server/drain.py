"""What was written to a connection is not yet sent: the kernel holds megabytes for a slow reader.

It goes on sending when the process has ended, but not when the container has:
with the container's network goes what was not yet sent, and a download that
the log says was answered is cut.
"""

import time
from pathlib import Path

# One line for each connection: its number, own and other address, state, bytes to send and to read, ...
# https://docs.kernel.org/networking/proc_net_tcp.html
TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
POLL_INTERVAL_SECONDS = 0.1  # seconds


def has_unsent_bytes(port: int) -> bool:
    """Return whether a connection to ``port`` holds bytes that its other end has not acknowledged.

    Where there are no such tables, as on a developer's macOS, nothing is known to be unsent.
    """
    for table in TCP_TABLES:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, own, _, _, queues, *_ = line.split()
                if int(own.rpartition(":")[2], 16) == port and int(queues.partition(":")[0], 16):
                    return True
    return False


def wait_until_sent(port: int, seconds: float):
    """Return when all that was written to connections to ``port`` is sent, or after ``seconds``."""
    end = time.monotonic() + seconds
    while has_unsent_bytes(port) and time.monotonic() < end:
        time.sleep(POLL_INTERVAL_SECONDS)
