"""The base root file system: Debian testing from a registry, or the same made here with mmdebstrap."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ospilot import commands
from ospilot.errors import CommandError, OspilotError
from ospilot.host import quirks
from ospilot.launch.podman import Podman

SUITE = "testing"
"""Debian's suite that carries HTCondor 25 and moves into the next stable release."""

DEFAULT_BASE = "debian:testing-slim"
"""The Containerfile's own default; podman's short names say which registry it is in."""

LOCAL_BASE = "localhost/ospilot-base"
"""Bases made here are tagged with suite and day below this name."""

PROBE_SECONDS = 12.0
"""A registry that has not named the image's manifest by then counts as unreachable."""

PULL_SECONDS = 900.0
"""A pull may be slow once the registry has answered."""

NO_EXPIRY_CHECK = "Acquire::Check-Valid-Until=false"
"""apt's option for mirrors that are snapshots."""

EXCLUDED = ("man", "doc", "locale", "info", "lintian", "groff")
"""Folders of /usr/share that Debian's slim images leave out too."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Base:
    """A base that is on this host, and the options that apt needs for its mirror."""

    name: str
    apt_options: tuple[str, ...] = ()


def local_tag(day: dt.date) -> str:
    """Return the name of a base made on a day. Pure."""
    return f"{LOCAL_BASE}:{SUITE}-{day:%Y%m%d}"


def newest_local(images: list[str]) -> str | None:
    """Given image names, return the local base made last, or None if there is none. Pure."""
    pattern = re.compile(rf"{re.escape(LOCAL_BASE)}:{SUITE}-\d{{8}}")
    return max((name for name in images if pattern.fullmatch(name)), default=None)


def mmdebstrap_argv(target: Path, *, stale: bool) -> list[str]:
    """Return the command that makes a base as a tar file; ``stale``: its mirror is a snapshot. Pure."""
    argv = ["mmdebstrap", "--variant=minbase", "--include=ca-certificates"]
    argv += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in EXCLUDED]
    argv += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    if stale:
        key, _, value = NO_EXPIRY_CHECK.partition("=")
        argv.append(f'--aptopt={key} "{value}"')
    return [*argv, SUITE, str(target)]


def find(podman: Podman, *, wanted: str | None, fresh: bool, say: Say) -> Base:
    """Return the base to build on: the one named, else one at hand, else one pulled, else one made here.

    With ``fresh`` one at hand does not count. Raise OspilotError if there is no way to have one.
    """
    stale = quirks.stale_release(SUITE)
    if stale:
        say("base: this host's Debian mirror serves an expired Release file, so its date is not checked")
    options = ("-o", NO_EXPIRY_CHECK) if stale else ()
    if wanted is not None:
        say(f"base: {wanted}, as asked")
        return Base(wanted, options)
    at_hand = None if fresh else newest_local(_images(podman))
    if at_hand is not None:
        say(f"base: {at_hand}, made here before ('--force' makes a new one)")
        return Base(at_hand, options)
    if _pulled(podman, say=say):
        return Base(DEFAULT_BASE, options)
    return Base(_made(podman, stale=stale, say=say), options)


def _images(podman: Podman) -> list[str]:
    argv = podman.argv("images", "--format={{.Repository}}:{{.Tag}}", f"--filter=reference={LOCAL_BASE}")
    return commands.run(argv).stdout.split()


def _pulled(podman: Podman, *, say: Say) -> bool:
    started = time.monotonic()
    try:
        # Where mmdebstrap can take over, a registry that does not answer must not cost minutes of retries.
        if commands.available("mmdebstrap"):
            commands.run(podman.argv("manifest", "inspect", DEFAULT_BASE), timeout=PROBE_SECONDS)
        commands.run(podman.argv("pull", "--quiet", DEFAULT_BASE), timeout=PULL_SECONDS)
    except CommandError as error:
        say(f"base: no registry gave {DEFAULT_BASE} ({_last_line(error)}; {error.seconds:.1f} s)")
        return False
    say(f"base: {DEFAULT_BASE}, pulled ({time.monotonic() - started:.1f} s)")
    return True


def _last_line(error: CommandError) -> str:
    return error.output.splitlines()[-1][:160] if error.output else "no answer"


def _made(podman: Podman, *, stale: bool, say: Say) -> str:
    if not commands.available("mmdebstrap"):
        raise OspilotError(
            "no registry gave the base image, and mmdebstrap, which would make it here, is not installed",
            fix="install mmdebstrap ('make setup' does on Debian and Ubuntu), or name a base with '--base'",
        )
    name = local_tag(dt.datetime.now(tz=dt.UTC).date())
    say(f"base: making {name} with mmdebstrap (some 15 s)")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ospilot-base-") as folder:
        tar = Path(folder) / "base.tar"
        commands.run(mmdebstrap_argv(tar, stale=stale), timeout=900)
        commands.run(podman.argv("import", "--quiet", str(tar), name), timeout=120)
    say(f"base: {name} made ({time.monotonic() - started:.1f} s)")
    return name
