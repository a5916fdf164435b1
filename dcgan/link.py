"""Connections and messages between two workers."""

import json
import socket
import threading
from contextlib import suppress

from dcgan.errors import InputError

LONGEST = 2**26  # bytes of a message
# A machine that has gone says nothing: ask after 10 seconds, 4 times.
ALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
UNSENT = {"TCP_USER_TIMEOUT": 30_000}  # milliseconds


class Link:
    """Messages to and from another worker, dicts as lines of JSON.

    Args:
        connection: The socket.
    """

    def __init__(self, connection):
        self.socket = connection
        self._file = connection.makefile("rb")
        self._one_at_a_time = threading.Lock()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in (ALIVE | UNSENT).items():
            if hasattr(socket, name):
                option = getattr(socket, name)
                connection.setsockopt(socket.IPPROTO_TCP, option, value)

    def send(self, **message):
        """Sends a message. Whether the other one is there shows in `receive`."""
        line = json.dumps(message).encode() + b"\n"
        with suppress(OSError), self._one_at_a_time:
            self.socket.sendall(line)

    def receive(self, timeout=None, longest=LONGEST):
        """Waits for a message and returns it; None if there will be no more.

        Args:
            timeout: Seconds without a byte after which there will be none.
            longest: Bytes that a message may have.
        """
        try:
            self.socket.settimeout(timeout)
            line = self._file.readline(longest)
            found = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def is_closed(self):
        """Tells whether the other side has closed the connection."""
        self.socket.settimeout(0)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:  # nothing said, and still there
            return False
        except OSError:
            return True
        finally:
            self.socket.settimeout(None)

    def close(self):
        with suppress(OSError):
            self._file.close()
            self.socket.close()


def connect(address, timeout):
    """Returns a socket to host:port; raises `OSError` if nobody is there in time."""
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(port)), timeout)
    if connection.getsockname() == connection.getpeername():
        connection.close()  # the port was free, and was given to this side
        raise ConnectionError("nobody there")
    return connection


def listen(cluster):
    """Returns a server on the port of this worker of a `Cluster`."""
    address = cluster.addresses[cluster.number]
    port = int(address.rpartition(":")[2])
    dual = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual else socket.AF_INET
    try:
        return socket.create_server(("", port), family=family, dualstack_ipv6=dual)
    except OSError as error:
        raise InputError(
            f"distribute: the port of {cluster} cannot be opened ({error}). "
            f"Received: {address}. Allowed: a port that is free on that machine, and a "
            "new process for each training"
        ) from None
