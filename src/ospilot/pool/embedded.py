"""EmbeddedPool: one pool in one container, from start to removal. What is known of it lies in its labels."""

from __future__ import annotations

import base64
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ospilot import commands
from ospilot.commands import Finished
from ospilot.errors import PoolUnreachableError
from ospilot.launch.podman import Podman
from ospilot.pool import ads, archive, problems
from ospilot.pool.ads import Job, Slot
from ospilot.pool.description import (
    DEFAULT_NAME,
    HOME,
    IMAGE_VARIABLE,
    LOG,
    PILOT,
    POOL_LABEL,
    USER,
    PoolInfo,
    checked_identity,
    checked_name,
    container_name,
    container_spec,
    default_image,
    info_of,
)

START_SECONDS = 30.0
"""How long a pool may take to answer; a quiet machine needs less than one second."""

COPY_SECONDS = 300.0
"""How long a folder of the largest size may take on its way."""

OUTPUT_LIMIT = 64 * 1024
"""Bytes of a job's output that are shown; ``fetch`` brings all of it."""

SUBMISSIONS = f"{HOME}/submissions"

PILOT_RIGHTS = ("READ", "ADVERTISE_STARTD", "ADVERTISE_MASTER")
"""All that a pilot needs of a pool, so all that its token gives."""

READ_OUTPUTS = f'for f; do [ -f "$f" ] && head -c {OUTPUT_LIMIT} -- "$f" | base64 -w 0; echo; done'

PACK_RESULTS = """
set -eu
cd "$1"
find . -type f -newer "$2" -print0 | tar --null --files-from=- --create --file="$3"
"""

Progress = Callable[[str], None]


def _silent(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Folder:
    """A folder of the access point's ordinary user, from which jobs are submitted."""

    path: str

    @property
    def marker(self) -> str:
        """A file as old as the folder's last input: what is newer was made by jobs."""
        return f"{self.path}.start"


@dataclass(frozen=True)
class EmbeddedPool:
    """A pool on this machine's loopback: central manager and access point in one container."""

    name: str = DEFAULT_NAME
    podman: Podman = field(default_factory=Podman)
    image: str = field(default_factory=default_image)

    def __post_init__(self) -> None:
        checked_name(self.name)

    @property
    def container(self) -> str:
        """The name of the pool's container."""
        return container_name(self.name)

    def info(self) -> PoolInfo | None:
        """Return the pool as it runs, or None if it does not."""
        found = (info_of(each) for each in self.podman.containers(f"{POOL_LABEL}={self.name}"))
        return next((info for info in found if info is not None), None)

    def up(self, *, progress: Progress = _silent) -> PoolInfo:
        """Start the pool unless it runs, wait until it takes jobs, and return where it is.

        Raise ConfigurationError if its image is not here, PoolUnreachableError if it does not answer in time.
        """
        running = self.info()
        if running is None:
            if self.podman.image_labels(self.image) is None:
                raise problems.missing_image(self.image, IMAGE_VARIABLE)
            running = self._start(progress)
        progress(f"waiting for {running.address} to answer")
        self._wait_until_ready(running)
        return running

    def down(self) -> None:
        """Remove the pool with all its jobs; no error if there is none."""
        self.podman.remove(self.container)

    def token(self, identity: str = PILOT, *, lifetime: int | None = None) -> str:
        """Return a new token that lets a pilot join and do nothing else; ``lifetime`` is in seconds.

        The pool admits machines of the identity 'pilot'; any other may read, and is refused beyond that.
        """
        if lifetime is not None and lifetime <= 0:
            raise problems.bad_lifetime(lifetime)
        user = f"{checked_identity(identity)}@{self._running().trust_domain}"
        words = ["condor_token_create", "-identity", user]
        for right in PILOT_RIGHTS:
            words += ["-authz", right]
        if lifetime is not None:
            words += ["-lifetime", str(lifetime)]
        return self.exec(*words).stdout.strip()

    def submit(self, file: Path) -> list[int]:
        """Given a submit file on this host, submit it as the pool's ordinary user and return its clusters.

        The whole folder of the file is copied into the pool first. Raise ConfigurationError if there is no
        such file or the folder is too large, OspilotError with condor_submit's words if it refuses the file.
        """
        if not file.is_file():
            raise problems.missing_file(file)
        with _tar_file() as tar:
            archive.pack_folder(file.resolve().parent, tar)
            folder = self._unpacked(tar, prepare=None)
        return self.submit_in(folder, file.name)

    def submit_text(self, text: str, files: Mapping[str, bytes | Path] | None = None) -> list[int]:
        """Given a submit description and the files it needs, submit it and return its clusters."""
        folder = self.stage({**(files or {}), "job.sub": text.encode()})
        return self.submit_in(folder, "job.sub")

    def stage(self, files: Mapping[str, bytes | Path], *, prepare: str | None = None) -> Folder:
        """Given files by name, put them into a fresh folder of the pool's user and return it.

        ``prepare`` is a shell script to run in that folder, for what is easier made there than copied.
        """
        with _tar_file() as tar:
            archive.pack_files(files, tar)
            return self._unpacked(tar, prepare=prepare)

    def submit_in(self, folder: Folder, name: str) -> list[int]:
        """Given a folder in the pool and the name of a submit file there, submit it; return its clusters."""
        script = 'cd "$1" && exec condor_submit -terse "$2"'
        done = self.exec("sh", "-c", script, "sh", folder.path, name, user=USER, check=False)
        if done.returncode != 0:
            raise problems.refused_submission(name, (done.stdout + done.stderr).strip())
        return ads.clusters_from(done.stdout)

    def jobs(self, clusters: Iterable[int] | None = None) -> list[Job]:
        """Return the jobs of the queue and of the history, oldest first; all, or those of some clusters."""
        wanted = ",".join(ads.JOB_ATTRIBUTES)
        # The queue first: a job that leaves it between the two is then found in the history.
        queue = self.exec("condor_q", "-allusers", "-json", "-attributes", wanted).stdout
        history = self.exec("condor_history", "-json", "-attributes", wanted).stdout
        known = ads.jobs_from(queue, history)
        chosen = None if clusters is None else set(clusters)
        return [job for job in known if chosen is None or job.cluster in chosen]

    def slots(self) -> list[Slot]:
        """Return the slots that the collector knows."""
        return ads.slots_from(self.exec("condor_status", "-json").stdout)

    def output(self, job: Job) -> str:
        """Return what a job has printed so far and brought back; empty before that."""
        return self.outputs([job])[job.id]

    def outputs(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Return by job id what each job has printed; one query, bounded for each job."""
        if not jobs:
            return {}
        done = self.exec("sh", "-c", READ_OUTPUTS, "sh", *(job.output or "" for job in jobs), user=USER)
        texts = [base64.b64decode(line).decode(errors="replace") for line in done.stdout.splitlines()]
        return {job.id: text for job, text in zip(jobs, texts, strict=True)}

    def fetch(self, job: Job, to: Path) -> list[Path]:
        """Given a job and a folder on this host, copy the results of the job's submission there.

        Results are the files that are newer than the submission itself. Return where they lie now; files of
        the same name are replaced.
        """
        folder = _folder_of(job)
        inside = f"/tmp/ospilot-results-{secrets.token_hex(4)}.tar"  # noqa: S108 - a random name, in a container
        self.exec(
            "sh",
            "-c",
            PACK_RESULTS,
            "sh",
            folder.path,
            folder.marker,
            inside,
            user=USER,
            timeout=COPY_SECONDS,
        )
        try:
            with _tar_file() as tar:
                self._copy(f"{self.container}:{inside}", str(tar))
                return archive.unpack(tar, to)
        finally:
            self.exec("rm", "-f", inside, user=USER)

    def exec(
        self, *words: str, user: str | None = None, timeout: float = 60.0, check: bool = True
    ) -> Finished:
        """Run a command in the pool's container, as root unless told otherwise.

        Raise PoolUnreachableError if the pool does not run, CommandError if the command fails.
        """
        done = self.podman.exec(self.container, *words, user=user, timeout=timeout, check=False)
        if done.returncode != 0 and not self.podman.running(self.container):
            raise self._not_running()
        if check and done.returncode != 0:
            raise done.failure()
        return done

    def _start(self, progress: Progress) -> PoolInfo:
        # A container of this name that does not run is what a killed engine left behind.
        self.down()
        domain = f"{self.name}-{secrets.token_hex(3)}.ospilot"
        port = free_port()
        progress(f"starting the pool {self.name!r} on 127.0.0.1:{port}")
        self.podman.run(container_spec(self.name, image=self.image, port=port, trust_domain=domain))
        return PoolInfo(self.name, f"127.0.0.1:{port}", domain, self.container)

    def _wait_until_ready(self, info: PoolInfo) -> None:
        # Only once the access point is in the collector do all three daemons answer each other.
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            answer = self.exec("condor_status", "-schedd", "-autoformat", "Name", check=False)
            if answer.returncode == 0 and answer.stdout.strip():
                return
            time.sleep(0.2)
        raise PoolUnreachableError(
            f"the pool {self.name!r} at {info.address} did not answer within {START_SECONDS:.0f} s\n"
            + self._last_log_lines(),
            fix=f"look at {LOG} in {self.container}, then remove it: 'ospilot pool down --name {self.name}'",
        )

    def _last_log_lines(self) -> str:
        return self.exec("sh", "-c", f"tail -n 15 {LOG}/MasterLog {LOG}/SchedLog", check=False).stdout

    def _running(self) -> PoolInfo:
        info = self.info()
        if info is None:
            raise self._not_running()
        return info

    def _not_running(self) -> PoolUnreachableError:
        return PoolUnreachableError(
            f"there is no running pool named {self.name!r}",
            fix=f"start it with 'ospilot pool up --name {self.name}'",
        )

    def _unpacked(self, tar: Path, *, prepare: str | None) -> Folder:
        folder = Folder(f"{SUBMISSIONS}/{secrets.token_hex(6)}")
        inside = f"/tmp/ospilot-input-{secrets.token_hex(4)}.tar"  # noqa: S108 - a random name, in a container
        self._running()
        self._copy(str(tar), f"{self.container}:{inside}")
        steps = [
            "set -eu",
            'mkdir -p "$1"',
            'cd "$1"',
            'tar --extract --no-same-owner --file="$2"',
            prepare or "",
            'touch "$3"',
        ]
        try:
            self.exec(
                "sh",
                "-c",
                "\n".join(steps),
                "sh",
                folder.path,
                inside,
                folder.marker,
                user=USER,
                timeout=COPY_SECONDS,
            )
        finally:
            self.exec("rm", "-f", inside)
        return folder

    def _copy(self, source: str, target: str) -> None:
        commands.run(self.podman.argv("cp", source, target), timeout=COPY_SECONDS)


def pools(podman: Podman) -> list[PoolInfo]:
    """Return every pool that runs on this host, by name."""
    found = (info_of(each) for each in podman.containers(POOL_LABEL))
    return sorted((info for info in found if info is not None), key=lambda info: info.name)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _folder_of(job: Job) -> Folder:
    inside = PurePosixPath(job.folder)
    if not inside.is_relative_to(SUBMISSIONS) or job.folder == SUBMISSIONS:
        raise problems.foreign_job(job.id, job.folder)
    return Folder(f"{SUBMISSIONS}/{inside.relative_to(SUBMISSIONS).parts[0]}")


@contextmanager
def _tar_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ospilot-") as private:
        tar = Path(private) / "files.tar"
        # Its folder is private; inside the container the ordinary user has to read the copy.
        tar.touch(mode=0o644)
        yield tar
