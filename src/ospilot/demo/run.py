"""Running the demo: start, watch, report, remove."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ospilot.demo import jobs as demo_jobs
from ospilot.demo import stopping
from ospilot.demo.verdict import Report, Snapshot, problems, returning, telling_lines
from ospilot.errors import ConfigurationError, NodeError, PrivilegeError, Problem
from ospilot.host.quirks import fuse_device
from ospilot.launch.pilot import pilot_spec
from ospilot.launch.podman import Podman
from ospilot.launch.spec import ContainerSpec
from ospilot.pool import EmbeddedPool, Job, JobStatus, PoolInfo, settled, tables, write_token

POLL_SECONDS = 0.5
PILOT_CPUS = 2
PILOT_MEMORY_MB = 1024
"""Two pilots of this size run four of the demo's jobs at once, also on a small machine."""

DEMO_LABEL = "org.ospilot.demo"


class Reporter(Protocol):
    """Somebody who watches the demo."""

    def step(self, text: str) -> None:
        """Take note of what happens now."""

    def update(self, snapshot: Snapshot) -> None:
        """Take note of how things stand."""


@dataclass(frozen=True)
class Pilot:
    """One of the demo's pilots."""

    resource: str
    site: str
    container: str


@dataclass(frozen=True)
class Demo:
    """One run of the demo: its name, the images, and how long it may take (seconds)."""

    name: str
    pilot_image: str
    podman: Podman
    timeout: float = 180.0
    keep: bool = False
    clock: Callable[[], float] = time.monotonic
    started: float = field(default_factory=time.monotonic)

    @property
    def pool(self) -> EmbeddedPool:
        """The demo's own pool."""
        return EmbeddedPool(self.name, self.podman)

    @property
    def pilots(self) -> tuple[Pilot, ...]:
        """The demo's pilots."""
        return tuple(
            Pilot(f"demo-{letter}", f"demo-site-{letter}", f"ospilot-{self.name}-{letter}") for letter in "ab"
        )

    def run(self, reporter: Reporter) -> Report:
        """Run the demo to its end and return how it ended; remove all that it started.

        With ``keep``, pool and pilots stay if the jobs came to an end. Raise NodeError if a pilot dies or the
        time is over, and whatever the pool raises.
        """
        if self.podman.image_labels(self.pilot_image) is None:
            raise _missing_pilot_image(self.pilot_image)
        if fuse_device(self.podman.quirks) is None:
            raise _no_fuse()
        with stopping.unwinding(), tempfile.TemporaryDirectory(prefix="ospilot-demo-") as private:
            kept = False
            try:
                report = self._run(reporter, Path(private))
                kept = self.keep
                return report
            finally:
                stopping.ignore()
                if not kept:
                    self._clean_up(reporter)

    def _clean_up(self, reporter: Reporter) -> None:
        try:
            reporter.step("removing pilots and pool")
        finally:
            # Also where nobody can be told any more: a closed terminal, a pipe whose reader has left.
            self.remove()

    def remove(self) -> None:
        """Remove the pilots and the pool; no error for what is not there."""
        with ThreadPoolExecutor() as side_by_side:
            removals = [side_by_side.submit(self.podman.remove, pilot.container) for pilot in self.pilots]
            removals.append(side_by_side.submit(self.pool.down))
        for removal in removals:
            removal.result()

    def _run(self, reporter: Reporter, private: Path) -> Report:
        info = self.pool.up(progress=reporter.step)
        token = private / "token"
        write_token(token, self.pool.token(lifetime=int(self.timeout) + 86400))
        reporter.step("starting two pilots, making two images, submitting twelve jobs")
        with self._starting_pilots(info, token):
            folder = self.pool.stage(demo_jobs.files(), prepare=demo_jobs.images_script())
            clusters = [
                number for kind in demo_jobs.KINDS for number in self.pool.submit_in(folder, kind.submit_file)
            ]
        reporter.step("watching the jobs")
        last = self._watched(clusters, reporter)
        expected = demo_jobs.expected_codes()
        evidence = self._evidence() if problems(last.jobs, expected) else ""
        return Report(
            snapshot=last,
            pool=info,
            containers=tuple(pilot.container for pilot in self.pilots),
            expected=expected,
            outputs=self.pool.outputs(last.jobs),
            evidence=evidence,
        )

    @contextmanager
    def _starting_pilots(self, info: PoolInfo, token: Path) -> Iterator[None]:
        with ThreadPoolExecutor() as side_by_side:
            starts: list[Future[object]] = [
                side_by_side.submit(self.podman.run, self._pilot_container(pilot, info, token))
                for pilot in self.pilots
            ]
            yield
        for start in starts:
            start.result()

    def _pilot_container(self, pilot: Pilot, info: PoolInfo, token: Path) -> ContainerSpec:
        spec = pilot_spec(
            image=self.pilot_image,
            name=pilot.container,
            site=pilot.site,
            resource=pilot.resource,
            pool=info.address,
            token_file=str(token),
            cpus=PILOT_CPUS,
            memory_mb=PILOT_MEMORY_MB,
            fuse=fuse_device(self.podman.quirks),
            grace=None,
            detach=True,
        )
        # A pilot that dies keeps its log for us to show; we remove the container ourselves.
        return replace(spec, remove=False, labels={**spec.labels, DEMO_LABEL: self.name})

    def _watched(self, clusters: list[int], reporter: Reporter) -> Snapshot:
        snapshot = Snapshot(0.0, tuple(pilot.resource for pilot in self.pilots))
        while True:
            snapshot = self._look(snapshot, clusters)
            reporter.update(snapshot)
            if settled(snapshot.jobs) or any(job.status is JobStatus.HELD for job in snapshot.jobs):
                return snapshot
            self._refuse_dead_pilots()
            self._refuse_returning_jobs(snapshot.jobs)
            if snapshot.seconds > self.timeout:
                raise self._out_of_time(snapshot.jobs)
            time.sleep(POLL_SECONDS)

    def _look(self, before: Snapshot, clusters: list[int]) -> Snapshot:
        slots = self.pool.slots()
        jobs = self.pool.jobs(clusters)
        return replace(
            before,
            seconds=self.clock() - self.started,
            slots=tuple(slots),
            jobs=tuple(jobs),
            places={**before.places, **tables.places_of(slots)},
        )

    def _refuse_dead_pilots(self) -> None:
        states = {each["Names"][0]: each for each in self.podman.containers(f"{DEMO_LABEL}={self.name}")}
        for pilot in self.pilots:
            state = states.get(pilot.container)
            if state is None or state["State"] == "exited":
                code = "" if state is None else f" with {state['ExitCode']}"
                raise NodeError(
                    f"the pilot {pilot.resource} ended{code} while jobs were waiting; from its log:\n"
                    + self._last_lines(pilot),
                    fix="look for the first error in these lines; 'ospilot doctor' checks this host",
                )

    def _refuse_returning_jobs(self, jobs: tuple[Job, ...]) -> None:
        names = returning(jobs)
        if names:
            raise NodeError(
                f"the pilots take these jobs and give them back without an end: {', '.join(names)}; "
                "from the pilots' logs:\n" + self._evidence(),
                fix="see whether containers can run here: 'ospilot doctor'",
            )

    def _last_lines(self, pilot: Pilot) -> str:
        """Return what tells most in a pilot's log."""
        return "\n".join(telling_lines(self.podman.logs(pilot.container)))

    def _evidence(self) -> str:
        return "\n".join(f"--- {pilot.resource}\n{self._last_lines(pilot)}" for pilot in self.pilots)

    def _out_of_time(self, jobs: tuple[Job, ...]) -> NodeError:
        return NodeError(
            f"after {self.timeout:.0f} s: {tables.tally(jobs)}; from the pilots' logs:\n" + self._evidence(),
            fix="on a slow machine give it more time with --timeout; 'ospilot doctor' checks this host",
        )


def _no_fuse() -> PrivilegeError:
    return PrivilegeError(
        "this user cannot use /dev/fuse, so the demo's SIF images could not be mounted",
        fix="sudo modprobe fuse; sudo chmod 666 /dev/fuse (the mode that distributions give it)",
    )


def _missing_pilot_image(image: str) -> ConfigurationError:
    problem = Problem(
        name="--image",
        value=image,
        reason="there is no such image on this host",
        fix="build it with 'make image', or name another one",
    )
    return ConfigurationError([problem])
