"""The ``ospilot`` command: its sub-commands, and the one place where errors become words and exit codes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ospilot import __version__
from ospilot.cli import demo, failures, image, pool, run
from ospilot.errors import OspilotError
from ospilot.pilot import entry

app = typer.Typer(
    help="Lend this computer to an HTCondor pool, or try a whole pool on it.",
    epilog="First time here? 'ospilot demo' shows a pool, two pilots and twelve jobs on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.add_typer(pool.app, name="pool")
app.command("run", epilog=run.EXAMPLE)(run.run)
app.add_typer(image.app, name="image")


@app.command(
    "pilot",
    epilog="Example: ospilot pilot --dry-run",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def pilot(context: typer.Context) -> None:
    """Be a pilot, here and now: what the image's entrypoint runs."""
    raise typer.Exit(entry.main(context.args))


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"ospilot {__version__}")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=lambda wanted: _version(wanted=wanted), is_eager=True),
    ] = False,
) -> None:
    """Lend this computer to an HTCondor pool, or try a whole pool on it."""


def main() -> None:
    """Run the command line and exit."""
    try:
        app()
    except OspilotError as error:
        sys.exit(failures.show(error))
