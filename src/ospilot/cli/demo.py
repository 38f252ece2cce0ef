"""``ospilot demo`` on the command line."""

from __future__ import annotations

import json
import secrets
from typing import Annotated

import typer
from rich.console import Console

from ospilot.demo import view
from ospilot.demo.run import Demo
from ospilot.demo.stopping import Stopped
from ospilot.errors import ExitCode
from ospilot.host import quirks
from ospilot.launch.podman import Podman

DEFAULT_IMAGE = "localhost/ospilot:latest"
IMAGE_VARIABLE = "OSPILOT_IMAGE"


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the pool and the pilots up at the end.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON for machines.")] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that the jobs may take in all.")] = 180,
    image: Annotated[
        str | None, typer.Option(help=f"The pilot's image [default: {DEFAULT_IMAGE}].", envvar=IMAGE_VARIABLE)
    ] = None,
) -> None:
    """See it all on this machine: a pool, two pilots and twelve jobs of three kinds.

    One of the jobs fails on purpose, to show that this is reported as the job's failure. Everything that was
    started is gone at the end, also after Ctrl-C. The exit code is 0 only if every job ended as it should.
    """
    podman = Podman(quirks.detect())
    run = Demo(f"demo-{secrets.token_hex(2)}", image or DEFAULT_IMAGE, podman, timeout=timeout, keep=keep)
    console = Console(stderr=as_json, highlight=False)
    lively = console.is_terminal and not as_json
    try:
        with view.LiveReporter(console) if lively else view.LineReporter(console) as reporter:
            report = run.run(reporter)
    except Stopped as stopped:
        console.print(f"stopped by {stopped}; pool and pilots are gone")
        raise typer.Exit(stopped.exit_code) from None
    if as_json:
        typer.echo(json.dumps(report.as_data(), indent=2))
    else:
        view.show_report(console, report)
    if keep:
        view.show_next_commands(console, report)
    if not report.ok:
        raise typer.Exit(ExitCode.FAILED)
