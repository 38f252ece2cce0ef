"""Build the pilot's and the pool's image from a checkout, or say that they are up to date."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ospilot import __version__, commands
from ospilot.build import base, context, inputs, wheels
from ospilot.build.base import Base, Say
from ospilot.errors import CommandError, PrivilegeError
from ospilot.launch.podman import LIMIT, Podman
from ospilot.launch.spec import ContainerSpec

PILOT = "localhost/ospilot"
POOL = "localhost/ospilot-pool"

BUILD_SECONDS = 1800.0
"""Bound for one engine step: packages over a slow line, not a hung build."""


@dataclass(frozen=True)
class Built:
    """The outcome of a build."""

    pilot: str
    pool: str
    inputs: str
    built: bool
    """False where both images were there already."""
    seconds: float


@dataclass(frozen=True)
class Provenance:
    """Where an image comes from; becomes its labels."""

    inputs: str
    revision: str
    epoch: int
    """Time of the last commit, Unix seconds: the time of every file and of the image."""
    base: str

    def build_args(self) -> dict[str, str]:
        """Return the Containerfile's arguments that hold these facts."""
        created = dt.datetime.fromtimestamp(self.epoch, tz=dt.UTC)
        return {
            "VERSION": __version__,
            "REVISION": self.revision,
            "CREATED": created.isoformat().replace("+00:00", "Z"),
            "BASE_NAME": self.base,
            "INPUTS": self.inputs,
        }


def build(podman: Podman, *, wanted_base: str | None = None, force: bool = False, say: Say) -> Built:
    """Build both images, tagged with the version and ``latest``; do nothing if their inputs are the same.

    ``force`` builds in any case, on a new base unless one is named, with the packages of the day.
    Raise OspilotError if a step fails.
    """
    if not commands.available("podman"):
        raise commands.missing_program("podman")
    started = time.monotonic()
    root = inputs.checkout()
    cache = root / ".build"
    cache.mkdir(exist_ok=True)
    with _alone(cache / "lock", say=say):
        # After the wait: the other build may have made just these images.
        wanted = inputs.current(root)
        pilot, pool = f"{PILOT}:{__version__}", f"{POOL}:{__version__}"
        if not force and _up_to_date(podman, (pilot, pool), wanted, wanted_base):
            _tag_latest(podman)
            say(f"image: {pilot} is up to date (inputs {wanted}); nothing to build")
            return Built(pilot, pool, wanted, built=False, seconds=time.monotonic() - started)
        if sentence := podman.quirks.sentence():
            say(f"image: this host is special: {sentence}")
        found = base.find(podman, wanted=wanted_base, fresh=force, say=say)
        refresh = refresh_mark(cache / "refresh", renew=force)
        Steps(podman, root, cache, found, refresh=refresh, say=say).all(wanted, pilot=pilot, pool=pool)
        _tag_latest(podman)
        _forget_superseded(podman)
    seconds = time.monotonic() - started
    say(f"image: {pilot} and {pool} are ready (inputs {wanted}, {seconds:.1f} s)")
    return Built(pilot, pool, wanted, built=True, seconds=seconds)


@dataclass(frozen=True)
class Steps:
    """The steps of one build, in their order."""

    podman: Podman
    root: Path
    cache: Path
    base: Base
    refresh: str
    """A mark of the last forced build: layers of earlier packages carry another and are not used."""
    say: Say

    def all(self, fingerprint: str, *, pilot: str, pool: str) -> None:
        """Run every step; the two images carry the names given."""
        machine = inputs.machine()
        origin = provenance(self.root, fingerprint=fingerprint, base_name=self.base.name)
        folder = self.cache / "context"
        system = {
            "BASE": self.base.name,
            "APT_OPTIONS": " ".join(self.base.apt_options),
            "REFRESH": self.refresh,
        }

        with self._step("packages of Debian (a minute on a new base; cached after that)"):
            # The wheels depend on the image's Python, so the stage with the packages comes first.
            empty = self.cache / "empty"
            empty.mkdir(exist_ok=True)
            context.assemble(folder, root=self.root, wheels=empty, own=empty)
            split = self._engine(folder, "Containerfile", system, origin.epoch, target="split")
            python = self._python_of(split)
        with self._step(f"wheels for Python {python} (locked hashes)"):
            house = wheels.dependencies(
                self.root / "requirements/image.txt", self.cache, python=python, machine=machine
            )
            own = wheels.own(self.root, self.cache / "own", environ=dict(os.environ))
            context.assemble(folder, root=self.root, wheels=house, own=own)
        with self._step(f"the pilot's image {pilot}"):
            arguments = {**system, **origin.build_args()}
            self._engine(folder, "Containerfile", arguments, origin.epoch, target="pilot", tag=pilot)
        with self._step(f"the pool's image {pool}"):
            arguments = {"PILOT": pilot, "SPLIT": split}
            self._engine(folder, "pool.Containerfile", arguments, origin.epoch, tag=pool)

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        self.say(f"image: {what} ...")
        started = time.monotonic()
        yield
        self.say(f"image:   done ({time.monotonic() - started:.1f} s)")

    def _engine(
        self,
        folder: Path,
        definition: str,
        arguments: dict[str, str],
        epoch: int,
        *,
        target: str | None = None,
        tag: str | None = None,
    ) -> str:
        with tempfile.TemporaryDirectory(prefix="ospilot-build-") as scratch:
            identity = Path(scratch) / "id"
            words = build_words(
                self.podman, folder / definition, arguments, epoch=epoch, target=target, tag=tag
            )
            argv = self.podman.argv(*words, f"--iidfile={identity}", str(folder))
            commands.run(argv, timeout=BUILD_SECONDS)
            return identity.read_text().strip().removeprefix("sha256:")

    def _python_of(self, image: str) -> str:
        spec = ContainerSpec(
            image=image,
            name=f"ospilot-build-{os.getpid()}",
            command=("-c", "import sys; print('{}.{}'.format(*sys.version_info))"),
            entrypoint="/usr/bin/python3",
        )
        return self.podman.run(spec).stdout.strip()


def build_words(
    podman: Podman,
    definition: Path,
    arguments: dict[str, str],
    *,
    epoch: int,
    target: str | None = None,
    tag: str | None = None,
) -> list[str]:
    """Return the words of one ``podman build`` before its context; pure but for whether we are root."""
    words = ["build", f"--file={definition}", "--network=host", f"--timestamp={epoch}", "--pull=never"]
    if podman.quirks.no_sys_resource and not podman.rootless:
        words += [f"--ulimit=nofile={LIMIT}:{LIMIT}", f"--ulimit=nproc={LIMIT}:{LIMIT}"]
    words += [f"--build-arg={name}={value}" for name, value in sorted(arguments.items())]
    words += [f"--target={target}"] if target else []
    words += [f"--tag={tag}"] if tag else []
    return words


def provenance(root: Path, *, fingerprint: str, base_name: str) -> Provenance:
    """Given a checkout, return where its image comes from; a tree without git counts as of time zero."""
    try:
        shown = commands.run(["git", "log", "-1", "--format=%H %ct"], cwd=root).stdout.split()
        dirty = commands.run(["git", "status", "--porcelain", "--", *inputs.INPUTS], cwd=root).stdout.strip()
    except (CommandError, PrivilegeError):
        return Provenance(fingerprint, "unknown", 0, base_name)
    revision, epoch = shown
    return Provenance(fingerprint, f"{revision}-dirty" if dirty else revision, int(epoch), base_name)


def _up_to_date(podman: Podman, images: Sequence[str], wanted: str, wanted_base: str | None) -> bool:
    labels = [podman.image_labels(image) or {} for image in images]
    return all(found.get(inputs.LABEL) == wanted for found in labels) and (
        wanted_base is None
        or all(found.get("org.opencontainers.image.base.name") == wanted_base for found in labels)
    )


def refresh_mark(path: Path, *, renew: bool) -> str:
    """Return the mark kept in a file, empty before the first forced build; ``renew`` replaces it."""
    # Not podman's --no-cache: the later steps of the build must find just these layers again.
    if renew:
        path.write_text(str(int(time.time())))
    return path.read_text() if path.exists() else ""


def _tag_latest(podman: Podman) -> None:
    for name in (PILOT, POOL):
        commands.run(podman.argv("tag", f"{name}:{__version__}", f"{name}:latest"))


def _forget_superseded(podman: Podman) -> None:
    # Images of ours that lost their name to this build; those that a container uses stay, and so do the
    # layers that the next build starts from.
    commands.run(
        podman.argv("image", "prune", "--force", f"--filter=label={inputs.LABEL}"), timeout=120, check=False
    )


@contextmanager
def _alone(path: Path, *, say: Say) -> Iterator[None]:
    # Two builds at once would share the build context; the kernel drops the lock with its process.
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("image: another build runs in this checkout; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
