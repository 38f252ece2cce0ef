"""``ospilot run``: from flags or the environment to a running pilot container."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ospilot import __version__
from ospilot.condor.text import host_label
from ospilot.errors import ConfigurationError, ExitCode, OspilotError, Problem
from ospilot.host import quirks
from ospilot.launch.pilot import pilot_spec
from ospilot.launch.podman import Podman, explain
from ospilot.launch.spec import ContainerSpec
from ospilot.settings import model
from ospilot.tokens import judge
from ospilot.tokens.judge import Token

EXAMPLE = "Example: ospilot run --pool 127.0.0.1:9618 --site MySite --resource MyMachine --token pilot.tkn"

FLAGS = {
    "GLIDEIN_Site": "--site",
    "GLIDEIN_ResourceName": "--resource",
    "POOL": "--pool",
    "NUM_CPUS": "--cpus",
    "MEMORY": "--memory",
    "OSPILOT_STOP_GRACE": "--grace",
    "ACCEPT_IDLE_MINUTES": "--idle",
}
"""The flag of each option that 'ospilot run' takes, so that a problem is told in the words that were typed."""

PILOT_UID = 1000
"""The uid of the image's user osg."""


def run(  # noqa: PLR0913 - one parameter for each flag
    *,
    site: Annotated[
        str, typer.Option(envvar="GLIDEIN_Site", help="Site that is credited with the work.")
    ] = "",
    resource: Annotated[
        str, typer.Option(envvar="GLIDEIN_ResourceName", help="Resource of the site that this machine is.")
    ] = "",
    pool: Annotated[str, typer.Option(envvar="POOL", help="host:port of the pool's central manager.")] = "",
    token: Annotated[Path | None, typer.Option(help="File with the token of the pool.")] = None,
    cpus: Annotated[
        str, typer.Option(envvar="NUM_CPUS", help="CPUs for jobs; also the container's limit.")
    ] = "",
    memory: Annotated[
        str, typer.Option(envvar="MEMORY", help="MB for jobs; the container gets 250 MB more.")
    ] = "",
    scratch: Annotated[
        Path | None, typer.Option(help="Directory of this machine for job scratch (mounted at /pilot).")
    ] = None,
    grace: Annotated[
        str, typer.Option(envvar="OSPILOT_STOP_GRACE", help="Seconds that a stop may take.")
    ] = "60",
    idle: Annotated[
        str, typer.Option(envvar="ACCEPT_IDLE_MINUTES", help="Minutes without a job until the pilot leaves.")
    ] = "",
    name: Annotated[
        str, typer.Option(help="Name of the container; made from the resource if not given.")
    ] = "",
    image: Annotated[str, typer.Option(envvar="OSPILOT_IMAGE", help="Image of the pilot.")] = (
        f"localhost/ospilot:{__version__}"
    ),
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return as soon as it runs.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the command line; start nothing.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--explain", help="Say why each right is needed; start nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: the command line as JSON.")
    ] = False,
) -> None:
    """Start a pilot on this machine with podman: no capability, not privileged."""
    console = Console(stderr=True, soft_wrap=True)
    given = {
        "GLIDEIN_Site": site,
        "GLIDEIN_ResourceName": resource,
        "POOL": pool,
        "NUM_CPUS": cpus,
        "MEMORY": memory,
        "OSPILOT_STOP_GRACE": grace,
        "ACCEPT_IDLE_MINUTES": idle,
    }
    host = quirks.detect()
    podman = Podman(host)
    settings, token_path, scratch_path = _check(given, token, scratch, rootless=podman.rootless)
    spec = pilot_spec(
        image=image,
        name=name or f"ospilot-{host_label(settings.resource)}-{secrets.token_hex(2)}",
        site=settings.site,
        resource=settings.resource,
        pool=settings.pool,
        token_file=str(token_path),
        cpus=settings.num_cpus,
        memory_mb=settings.memory_mb,
        scratch=None if scratch_path is None else str(scratch_path),
        environment={"ACCEPT_IDLE_MINUTES": idle} if idle else {},
        fuse=quirks.fuse_device(host),
        grace=settings.stop_grace,
        detach=detach,
    )
    argv = podman.run_argv(spec)
    if dry_run or why:
        _print(argv, explained=why, as_json=as_json)
        return
    _start(podman, spec, argv, console)


def _start(podman: Podman, spec: ContainerSpec, argv: list[str], console: Console) -> None:
    if podman.image_labels(spec.image) is None:
        raise OspilotError(
            f"there is no image {spec.image} on this machine",
            fix="run 'ospilot image build' in a checkout, or name another one with --image",
        )
    if podman.quirks.sentence():
        console.print(f"this host: {podman.quirks.sentence()}")
    if not spec.detach:
        sys.stdout.flush()
        os.execvp(argv[0], argv)  # noqa: S606 - podman itself: signals and the exit code pass unchanged
    podman.run(spec)
    console.print(f"{spec.name} runs. Next:")
    for words in (("logs", "--follow", spec.name), ("stop", spec.name)):
        console.print("  " + shlex.join(["podman", *words]))


def _print(argv: list[str], *, explained: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps(argv))  # noqa: T201 - the command line speaks
        return
    print(" \\\n    ".join([shlex.join(argv[:2]), *(shlex.quote(word) for word in argv[2:])]))  # noqa: T201
    if explained:
        table = Table("option", "why it is there", box=None, padding=(0, 2, 0, 0))
        for option, reason in explain(argv):
            table.add_row(option, reason)
        Console().print()
        Console().print(table)


def _check(
    given: dict[str, str], token: Path | None, scratch: Path | None, *, rootless: bool
) -> tuple[model.Settings, Path, Path | None]:
    """Return the settings and the host's paths; raise ConfigurationError with every problem at once."""
    problems: list[Problem] = []
    settings = None
    try:
        settings = model.from_environment(given)
    except ConfigurationError as error:
        problems += [_in_flags(problem) for problem in error.problems]
    problems += _token_problems(token, rootless=rootless)
    for flag, path in (("--token", token), ("--scratch", scratch)):
        if path is not None and ":" in str(path.resolve()):
            reason = "has a colon, which engines take for the end of a mount's source"
            problems.append(Problem(flag, str(path), reason, "use a path without one"))
    if scratch is not None:
        problems += _scratch_problems(scratch, rootless=rootless)
    if problems or settings is None or token is None:
        raise ConfigurationError(problems)
    return settings, token.resolve(), None if scratch is None else scratch.resolve()


def _in_flags(problem: Problem) -> Problem:
    flag = FLAGS.get(problem.name)
    if flag is None:
        return problem
    fix = problem.fix.replace(f"{problem.name}=", f"{flag} ")
    return replace(problem, name=f"{flag} ({problem.name})", fix=fix)


def _token_problems(token: Path | None, *, rootless: bool) -> list[Problem]:
    if token is None:
        return [_bad_token("--token", "is not given", "name the file that holds the pool's token")]
    if token.is_dir():
        return [_bad_token(str(token), "is a directory, not a token file", "name the file itself")]
    try:
        text = token.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        return [_bad_token(str(token), f"cannot be read: {error}", "check the path and its mode")]
    judged = judge.judge(token.name, text, origin=str(token), now=time.time())
    if not isinstance(judged, Token):
        return [judged]
    found = token.stat()
    readable = found.st_mode & stat.S_IROTH or (found.st_uid == PILOT_UID and found.st_mode & stat.S_IRUSR)
    if not rootless and not readable:
        return [
            _bad_token(
                str(token),
                f"cannot be read by the pilot, which runs as uid {PILOT_UID}",
                f"chown {PILOT_UID} {shlex.quote(str(token))}",
            )
        ]
    return []


def _scratch_problems(scratch: Path, *, rootless: bool) -> list[Problem]:
    quoted = shlex.quote(str(scratch))
    make = f"mkdir -p {quoted}" + ("" if rootless else f" && chown {PILOT_UID} {quoted}")
    if not scratch.is_dir():
        return [Problem("--scratch", str(scratch), "is no directory", make)]
    found = scratch.stat()
    if not rootless and found.st_uid != PILOT_UID and not found.st_mode & stat.S_IWOTH:
        reason = f"cannot be written by the pilot, which runs as uid {PILOT_UID}"
        return [Problem("--scratch", str(scratch), reason, make)]
    return []


def _bad_token(name: str, reason: str, fix: str) -> Problem:
    return Problem(name, None, reason, fix, ExitCode.TOKEN)
