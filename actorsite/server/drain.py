"""Waiting until responses are sent: the kernel buffers megabytes for a slow reader.

The kernel keeps sending when the process has ended, but not when the container has:
its network is gone then, and a download that is logged as complete would be cut off.
"""

import time
from pathlib import Path

# One line for each connection: index, local and remote address, state, send and receive queue in bytes, ...
# https://docs.kernel.org/networking/proc_net_tcp.html
TCP_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
POLL_INTERVAL_SECONDS = 0.1


def has_unsent_bytes(port: int) -> bool:
    """Return whether a connection to ``port`` has bytes that its client has not acknowledged.

    False on a system without these tables, such as macOS.
    """
    for table in TCP_TABLES:
        if table.exists():
            for line in table.read_text().splitlines()[1:]:
                _, own, _, _, queues, *_ = line.split()
                if int(own.rpartition(":")[2], 16) == port and int(queues.partition(":")[0], 16):
                    return True
    return False


def wait_until_sent(port: int, seconds: float) -> None:
    """Wait until all responses on ``port`` are sent, at most for ``seconds``."""
    end = time.monotonic() + seconds
    while has_unsent_bytes(port) and time.monotonic() < end:
        time.sleep(POLL_INTERVAL_SECONDS)
