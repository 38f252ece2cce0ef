"""The stage: a pool, a token, and containers of either side, all removed when the benchmark ends."""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import sides
from bench.lines import POOL_CONFIG, CycleStarted
from bench.processes import cpu_seconds
from bench.sides import Side
from bench.watch import Watch, watching
from ospilot import commands
from ospilot.errors import ConfigurationError, NodeError, Problem
from ospilot.host.quirks import fuse_device
from ospilot.launch.podman import Podman
from ospilot.pool import EmbeddedPool, write_token

READY_SECONDS = 30.0
"""How long a container may take until it waits for its FIFO."""
LOG_LINES = 30
"""Of a container's output, in an error."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A container that waits for its word, or has got it; ``pid`` is its first process on the host."""

    podman: Podman
    name: str
    pid: int
    word: int
    """The descriptor of the FIFO that the container reads."""

    def go(self) -> float:
        """Let the side begin; return the moment just before, in seconds since 1970."""
        now = time.time()
        os.write(self.word, b"go\n")
        return now

    def cpu_seconds(self) -> float:
        """Return the CPU time that the container has used so far."""
        return cpu_seconds(self.pid)

    def stop(self, *, timeout: float) -> float:
        """Send SIGTERM to the first process and return the seconds until the container's last one is gone."""
        handle = os.pidfd_open(self.pid)
        try:
            began = time.monotonic()
            signal.pidfd_send_signal(handle, signal.SIGTERM)
            ended, _, _ = select.select([handle], [], [], timeout)
            took = time.monotonic() - began
        finally:
            os.close(handle)
        if not ended:
            raise NodeError(f"{self.name} did not stop within {timeout:g} s\n{self.last_lines()}")
        return took

    def last_lines(self) -> str:
        """Return the end of what the container has printed."""
        return "\n".join(self.podman.logs(self.name).splitlines()[-LOG_LINES:])


@dataclass(frozen=True)
class Stage:
    """All that a measurement needs; times in seconds."""

    podman: Podman
    image: str
    entrypoint: tuple[str, ...]
    pool: EmbeddedPool
    address: str
    folder: Path
    watch: Watch
    say: Say

    @contextmanager
    def side(self, side: Side) -> Iterator[Running]:
        """Give a container of one side that waits for its word; remove it afterwards."""
        unique = secrets.token_hex(3)
        name = f"ospilot-bench-{side.value}-{unique}"
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        os.mkfifo(folder / sides.FIFO, 0o644)
        (folder / sides.CONFIG).write_text(
            sides.bare_config(name=f"bare-{unique}", address=self.address) if side is Side.BARE else ""
        )
        spec = sides.spec(
            side,
            image=self.image,
            entrypoint=self.entrypoint,
            name=name,
            pool=sides.Pool(self.address, str(self.folder / "token")),
            folder=folder,
            fuse=fuse_device(self.podman.quirks),
        )
        try:
            self.podman.run(spec)
            with self._reader_of(name, folder / sides.FIFO) as word:
                yield Running(self.podman, name, self._pid(name), word)
        finally:
            self.podman.remove(name)

    @contextmanager
    def _reader_of(self, name: str, fifo: Path) -> Iterator[int]:
        """Give the writing end of a FIFO once the container reads it; the kernel refuses it before that."""
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                word = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError as error:
                if time.monotonic() > until:
                    raise NodeError(f"{name} does not begin\n{self.podman.logs(name)}") from error
            time.sleep(0.05)
        try:
            yield word
        finally:
            os.close(word)

    def _pid(self, name: str) -> int:
        words = self.podman.argv("container", "inspect", "--format={{.State.Pid}}", name)
        return int(commands.run(words).stdout)


@contextmanager
def staged(podman: Podman, *, image: str, say: Say) -> Iterator[Stage]:
    """Give a stage with a pool of its own; remove all of it afterwards.

    Raise ConfigurationError if an image is missing, PoolUnreachableError if the pool does not start.
    """
    entrypoint = _entrypoint(podman, image)
    pool = EmbeddedPool(f"bench-{secrets.token_hex(3)}", podman)
    with tempfile.TemporaryDirectory(prefix="ospilot-bench-") as private:
        folder = Path(private)
        try:
            info = pool.up(progress=say)
            write_token(folder / "token", pool.token())
            with watching(podman, info.container) as watch:
                _configure(pool, watch)
                yield Stage(podman, image, entrypoint, pool, info.address, folder, watch, say)
        finally:
            pool.down()


def _configure(pool: EmbeddedPool, watch: Watch) -> None:
    script = 'printf "%s" "$1" >> "$CONDOR_CONFIG" && kill -HUP 1'
    pool.exec("sh", "-c", script, "sh", POOL_CONFIG)
    # The first line in the new format tells that the daemons have read it.
    watch.wait(CycleStarted, lambda _: True, timeout=30, what="the pool's new configuration")


def _entrypoint(podman: Podman, image: str) -> tuple[str, ...]:
    """Return what the image runs by default: its entrypoint and its command."""
    if podman.image_labels(image) is None:
        raise ConfigurationError(
            [Problem("--image", image, "there is no such image on this host", "build it with 'make image'")]
        )
    form = "--format=[{{json .Config.Entrypoint}}, {{json .Config.Cmd}}]"
    found = json.loads(commands.run(podman.argv("image", "inspect", form, image)).stdout)
    return tuple(word for part in found for word in part or ())
