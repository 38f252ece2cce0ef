"""``ospilot pool``: the embedded pool on the command line."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ospilot.errors import ExitCode
from ospilot.host import quirks
from ospilot.launch.podman import Podman
from ospilot.pool import DEFAULT_NAME, EmbeddedPool, Job, Slot, pools, settled, tables, write_token

POLL_SECONDS = 1.0

app = typer.Typer(
    no_args_is_help=True,
    help="A whole HTCondor pool on this machine: try pilots and jobs without asking anybody for a token.",
)

Name = Annotated[str, typer.Option("--name", help="Which pool; several run side by side.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command(epilog="Example: ospilot pool up --name test")
def up(*, name: Name = DEFAULT_NAME, as_json: AsJson = False) -> None:
    """Start a pool and wait until it takes jobs; nothing happens if it runs already."""
    notes = _notes()
    info = _pool(name).up(progress=notes.print)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(info)))
        return
    option = "" if name == DEFAULT_NAME else f" --name {name}"
    console = Console(highlight=False)
    console.print(f"The pool [bold]{name}[/] is up at [bold]{info.address}[/]. Next:")
    for command, meaning in (
        (f"ospilot pool token{option} --output pilot.tkn", "a token for a pilot"),
        (
            f"ospilot run --detach --site my-site --resource my-machine --pool {info.address} --token pilot.tkn",
            "a pilot joins",
        ),
        (f"ospilot pool submit{option} --wait hello.sub", "a job of yours"),
        (f"ospilot pool status{option}", "who is there, what runs"),
        (f"ospilot pool down{option}", "remove it all"),
    ):
        console.print(f"  {command}  [dim]# {meaning}[/]", soft_wrap=True)


@app.command(epilog="Example: ospilot pool token --lifetime 86400 --output pilot.tkn")
def token(
    *,
    name: Name = DEFAULT_NAME,
    identity: Annotated[str, typer.Option(help="Whose token; the pool admits pilots as 'pilot'.")] = "pilot",
    lifetime: Annotated[int | None, typer.Option(help="Seconds until it expires [default: never].")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write it to this file, readable for the pilot only.")
    ] = None,
) -> None:
    """Issue a token that lets a pilot join the pool, and nothing else."""
    text = _pool(name).token(identity, lifetime=lifetime)
    if output is None:
        typer.echo(text)
        return
    write_token(output, text)
    _notes().print(f"wrote {output} (mode 0600)")


@app.command(epilog="Example: ospilot pool submit --wait hello.sub")
def submit(
    file: Annotated[Path, typer.Argument(help="An HTCondor submit file; its whole folder is copied.")],
    *,
    name: Name = DEFAULT_NAME,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the jobs and copy their results next to FILE.")
    ] = False,
) -> None:
    """Submit jobs as the pool's ordinary user.

    With --wait the exit code is 1 if a job failed, was removed or is on hold.
    """
    pool = _pool(name)
    clusters = pool.submit(file)
    typer.echo("submitted to cluster " + ", ".join(map(str, clusters)))
    if not wait:
        return
    jobs = _settled(pool, clusters)
    for path in pool.fetch(jobs[0], file.resolve().parent) if jobs else []:
        typer.echo(f"result: {path.name}")
    Console().print(tables.jobs_table(jobs, tables.places_of(pool.slots())))
    if not all(job.succeeded for job in jobs):
        raise typer.Exit(ExitCode.FAILED)


@app.command(epilog="Example: ospilot pool status --json")
def status(*, name: Name = DEFAULT_NAME, as_json: AsJson = False) -> None:
    """Show the pool's pilots, slots and jobs."""
    pool = _pool(name)
    slots, jobs = pool.slots(), pool.jobs()
    info = pool.info()
    if as_json:
        typer.echo(json.dumps(tables.as_data(info, slots, jobs), indent=2))
        return
    console = Console(highlight=False)
    address = "" if info is None else f" at [bold]{info.address}[/]"
    console.print(f"pool [bold]{name}[/]{address}, {_pilots(slots)}, {tables.tally(jobs)}")
    if slots:
        console.print("", tables.slots_table(slots))
    if jobs:
        console.print("", tables.jobs_table(jobs, tables.places_of(slots)))


@app.command(epilog="Example: ospilot pool down --all")
def down(
    *,
    name: Name = DEFAULT_NAME,
    everything: Annotated[bool, typer.Option("--all", help="Remove every pool of this host.")] = False,
) -> None:
    """Remove a pool, its jobs and their results; no error if there is none."""
    podman = Podman(quirks.detect())
    names = [info.name for info in pools(podman)] if everything else [name]
    for each in names:
        EmbeddedPool(each, podman).down()
        _notes().print(f"the pool {each!r} is gone")


def _pool(name: str) -> EmbeddedPool:
    return EmbeddedPool(name, Podman(quirks.detect()))


def _notes() -> Console:
    return Console(stderr=True, highlight=False, markup=False, style="dim")


def _pilots(slots: list[Slot]) -> str:
    count = len({slot.pilot for slot in slots})
    return f"{count or 'no'} pilot{'' if count == 1 else 's'}"


def _settled(pool: EmbeddedPool, clusters: list[int]) -> list[Job]:
    notes = _notes()
    told = ""
    while not settled(jobs := pool.jobs(clusters)):
        news = tables.tally(jobs) + ("" if pool.slots() else "; no pilot is in the pool yet")
        if news != told:
            notes.print(news)
            told = news
        time.sleep(POLL_SECONDS)
    return jobs
