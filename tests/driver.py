"""Drive pilots as an operator does: start a container, read its log, stop it, look for what it left."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ospilot import __version__, commands
from ospilot.commands import Finished
from ospilot.host import quirks
from ospilot.launch.pilot import TOKEN_TARGET, pilot_spec
from ospilot.launch.podman import Podman
from ospilot.launch.spec import ContainerSpec, Mount
from ospilot.pool import EmbeddedPool, Job

IMAGE = f"localhost/ospilot:{__version__}"

SITE = "TestSite"

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], *, seconds: float = 30.0) -> T:
    """Look again and again until there is something; fail, naming what was waited for, when time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    message = f"not seen within {seconds:g} s: {what}"
    raise AssertionError(message)


@dataclass
class Pilot:
    """One pilot container under test."""

    name: str
    podman: Podman
    scratch: Path

    def log(self) -> str:
        """Return all that it has printed."""
        return self.podman.logs(self.name)

    def exec(self, *words: str) -> Finished:
        """Run a command in it as the pilot's own user."""
        return self.podman.exec(self.name, *words, user="osg", check=False)

    def from_outside(self, file: str) -> dict[str, bytes]:
        """Return a file of /proc of each of its processes by its command, read by the host's root."""
        done = commands.run(self.podman.argv("top", self.name, "hpid", "args"))
        found = {}
        for line in done.stdout.splitlines()[1:]:
            number, _, command = line.strip().partition(" ")
            found[command.strip()] = Path("/proc", number, file).read_bytes()
        return found

    def wait(self, seconds: float = 60.0) -> int:
        """Wait until it has ended; return its exit code."""
        return self.podman.wait(self.name, timeout=seconds)

    def signal(self, number: str) -> None:
        """Send it a signal."""
        commands.run(self.podman.argv("kill", f"--signal={number}", self.name))

    def accepting(self) -> Pilot:
        """Wait until its log says that the pool can send jobs."""
        wait_for("-> ACCEPTING in the log", lambda: "STARTING -> ACCEPTING" in self.log())
        return self

    def directories(self) -> list[str]:
        """Return what pilots have in the scratch directory."""
        return sorted(path.name for path in self.scratch.iterdir())

    def ad_name(self) -> str:
        """Return the name of its slot, as its log tells it."""
        return next(word for word in self.log().split() if word.startswith("slot1@"))


@dataclass
class Operator:
    """Starts pilots against one pool and clears them away."""

    pool: EmbeddedPool
    address: str
    token: Path
    folder: Path
    podman: Podman
    started: list[Pilot] = field(default_factory=list)

    def start(
        self,
        *,
        resource: str = "TestResource",
        scratch: Path | None = None,
        token: Path | None = None,
        address: str | None = None,
        grace: int = 20,
        environment: Mapping[str, str] | None = None,
        cpus: int = 2,
    ) -> Pilot:
        """Start a pilot with a scratch directory of this host; it need not come up."""
        name = f"ospilot-test-{secrets.token_hex(4)}"
        if scratch is None:
            scratch = self.scratch(name)
        spec = pilot_spec(
            image=IMAGE,
            name=name,
            site=SITE,
            resource=resource,
            pool=address or self.address,
            token_file=str(token or self.token),
            cpus=cpus,
            memory_mb=1024,
            scratch=str(scratch),
            environment={"_CONDOR_RunBenchmarks": "False", **(environment or {})},
            fuse=quirks.fuse_device(self.podman.quirks),
            grace=grace,
            detach=True,
        )
        words = [word for word in self.podman.run_argv(spec) if word != "--rm"]
        pilot = Pilot(name, self.podman, scratch)
        self.started.append(pilot)
        commands.run(words)
        return pilot

    def scratch(self, name: str) -> Path:
        """Return a fresh directory that the pilot's user can write to."""
        path = self.folder / name
        path.mkdir()
        path.chmod(0o1777)
        return path

    def clear(self) -> None:
        """Stop and remove every pilot that was started; its ads leave the pool, or the next test meets ghosts."""
        running = [pilot.name for pilot in self.started if self.podman.running(pilot.name)]
        if running:
            commands.run(self.podman.argv("stop", "--ignore", "--time=15", *running), timeout=120)
        for pilot in self.started:
            self.podman.remove(pilot.name)
        if self.pool.slots():
            self._exorcise()

    def _exorcise(self) -> None:
        """Withdraw the ads of killed pilots, with a pilot's own token."""
        query = 'MyType = "Query"\\nTargetType = "Machine"\\nRequirements = true\\n'
        advertise = (
            f"printf '{query}' > /tmp/ad && condor_advertise -pool $POOL INVALIDATE_STARTD_ADS /tmp/ad"
        )
        spec = ContainerSpec(
            image=IMAGE,
            name=f"ospilot-test-{secrets.token_hex(4)}",
            command=("bash", "-c", f"(umask 077; mkdir /tmp/t; cp {TOKEN_TARGET} /tmp/t/); {advertise}"),
            environment={"POOL": self.address, "_CONDOR_SEC_TOKEN_DIRECTORY": "/tmp/t"},
            mounts=(Mount(str(self.token), TOKEN_TARGET, read_only=True),),
        )
        self.podman.run(spec)

    def slot_names(self) -> list[str]:
        """Return the names of all slots in the collector."""
        return [slot.name for slot in self.pool.slots()]

    def ended(self, clusters: list[int], *, seconds: float = 60.0) -> list[Job]:
        """Wait until all jobs of the clusters have ended; return them."""

        def look() -> list[Job] | None:
            jobs = self.pool.jobs(clusters)
            return jobs if jobs and all(job.status.ended for job in jobs) else None

        return wait_for(f"the end of the jobs {clusters}", look, seconds=seconds)

    def submit_script(
        self, script: str, *, lines: str = "", files: Mapping[str, bytes | Path] | None = None
    ) -> list[int]:
        """Submit a shell script as a job, with further submit lines."""
        text = (
            "executable = job.sh\noutput = job.out\nerror = job.err\nlog = job.log\n"
            "request_cpus = 1\nrequest_memory = 64\nrequest_disk = 20000\n"
            f"{lines}\nqueue\n"
        )
        return self.pool.submit_text(text, {**(files or {}), "job.sh": script.encode()})


@contextmanager
def operator(pool: EmbeddedPool, address: str, token: Path, folder: Path) -> Iterator[Operator]:
    """Yield an operator; its pilots are gone afterwards."""
    one = Operator(pool, address, token, folder, pool.podman)
    try:
        yield one
    finally:
        one.clear()


def claims(token: str) -> dict[str, object]:
    """Return what a token says, without looking at its signature."""
    import base64  # noqa: PLC0415 - used here only

    part = token.split(".")[1]
    said: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said
