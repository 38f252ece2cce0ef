"""Count the processes that one process and its descendants start, as the kernel tells it (which needs root).

The kernel's process connector (linux/cn_proc.h) reports each fork with both thread groups, so that threads are
told from processes; nothing is sampled and nothing is run inside the container.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ospilot.errors import NodeError, PrivilegeError

NETLINK_CONNECTOR = 11
CN_IDX_PROC = 1
CN_VAL_PROC = 1
PROC_CN_MCAST_LISTEN = 1
PROC_EVENT_FORK = 1
NLMSG_DONE = 3
SO_RCVBUFFORCE = 33
"""Numbers of linux/netlink.h, linux/connector.h, linux/cn_proc.h and asm/socket.h."""

HEADERS = struct.Struct("=IHHII IIIIHH")
"""nlmsghdr and cn_msg, which come before each event."""
EVENT = struct.Struct("=IIQ IIII")
"""A fork: what, cpu, time; parent's pid and thread group, child's pid and thread group."""

BUFFER = 8 * 1024 * 1024
"""Bytes of events that may wait for us: a busy machine starts thousands of threads a second."""

POLL_SECONDS = 0.2
"""How often the reader looks whether it is no longer wanted."""


class Births:
    """The processes that a family has started, counted while the context of ``counting`` lasts."""

    def __init__(self, ancestor: int) -> None:
        self._family = {ancestor}
        self._births = 0
        self._lost: OSError | None = None

    @property
    def count(self) -> int:
        """How many processes the family has started so far; NodeError if the kernel dropped any report."""
        if self._lost is not None:
            raise NodeError(
                f"reports of new processes were lost: {self._lost.strerror}", fix="use a quieter machine"
            ) from self._lost
        return self._births

    def lose(self, error: OSError) -> None:
        """Take note that the count can no longer be trusted."""
        self._lost = error

    def fork(self, parent: int, child: int, child_group: int) -> None:
        """Take note of one fork: the parent's thread group, the child's pid and its thread group."""
        # A child whose thread group is not its own is a thread.
        if child == child_group and parent in self._family:
            self._family.add(child_group)
            self._births += 1


@contextmanager
def counting(ancestor: int) -> Iterator[Births]:
    """Count what a process and its descendants start; raise PrivilegeError if the kernel does not tell."""
    births = Births(ancestor)
    over = threading.Event()
    with _connector() as connector:
        reader = threading.Thread(target=_read, args=(connector, births, over), name="births")
        reader.start()
        try:
            yield births
        finally:
            over.set()
            reader.join()


def _connector() -> socket.socket:
    try:
        connector = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_CONNECTOR)
        connector.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        connector.settimeout(POLL_SECONDS)
        connector.bind((0, CN_IDX_PROC))
        connector.send(_listen())
    except OSError as error:
        raise PrivilegeError(
            f"the kernel does not report new processes: {error.strerror}",
            fix="run the benchmark as root outside of any container, on a kernel with CONFIG_PROC_EVENTS",
        ) from error
    return connector


def _listen() -> bytes:
    operation = struct.pack("=I", PROC_CN_MCAST_LISTEN)
    length = HEADERS.size + len(operation)
    netlink = (length, NLMSG_DONE, 0, 0, os.getpid())
    return HEADERS.pack(*netlink, CN_IDX_PROC, CN_VAL_PROC, 0, 0, len(operation), 0) + operation


def fork_in(message: bytes) -> tuple[int, int, int] | None:
    """Given one message of the connector, return a fork's parent group, child and child group, or None."""
    if len(message) < HEADERS.size + EVENT.size:
        return None
    what, _, _, _, parent, child, group = EVENT.unpack_from(message, HEADERS.size)
    return (parent, child, group) if what == PROC_EVENT_FORK else None


def _read(connector: socket.socket, births: Births, over: threading.Event) -> None:
    while not over.is_set():
        try:
            fork = fork_in(connector.recv(4096))
        except TimeoutError:
            continue
        except OSError as error:
            births.lose(error)
            return
        if fork is not None:
            births.fork(*fork)
