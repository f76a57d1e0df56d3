"""Shut down the socket of a connection, which ends another thread's wait for PostgreSQL."""

import contextlib
import os
import socket

import psycopg2
from psycopg2 import extensions


def shut_down_socket(connection: extensions.connection):
    """Shut down the socket of ``connection``, so that a thread that waits for it gets an error at once.

    psycopg2's own ``close`` and ``cancel`` may not be called while another
    thread is within libpq, and ``cancel`` needs a server that answers. A
    connection that is closed already is left alone.
    """
    # Use a duplicate of the descriptor, because libpq closes the original.
    with (
        contextlib.suppress(OSError, psycopg2.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as duplicate,
    ):
        duplicate.shutdown(socket.SHUT_RDWR)
