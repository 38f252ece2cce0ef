"""``ospilot image``: build the images, weigh them, compare their content."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from ospilot import __version__
from ospilot.build import content, images
from ospilot.errors import ExitCode
from ospilot.host import quirks
from ospilot.launch.podman import Podman

app = typer.Typer(no_args_is_help=True, help="Build the pilot's image, weigh it, compare its content.")

ImageName = Annotated[str, typer.Argument(help="An image on this host.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

DEFAULT_IMAGE = f"{images.PILOT}:{__version__}"


def _podman() -> Podman:
    return Podman(quirks.detect())


def _progress(line: str) -> None:
    typer.echo(line, err=True)


@app.command()
def build(
    base: Annotated[
        str | None,
        typer.Option(help="Base image to start from; by default one at hand, pulled or made here."),
    ] = None,
    *,
    force: Annotated[
        bool,
        typer.Option("--force", help="Build even if nothing changed, with Debian's packages of the day."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the pilot's and the pool's image from this checkout, unless they are up to date."""
    host = quirks.detect()
    for path in quirks.write_podman_files(host):
        _progress(f"image: wrote {path}, without which no 'podman run' starts on this host")
    built = images.build(Podman(host), wanted_base=base, force=force, say=_progress)
    if built.built:
        _progress("image: " + content.table(content.measure(Podman(host), DEFAULT_IMAGE))[0])
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(built)))


@app.command()
def size(image: ImageName = DEFAULT_IMAGE, *, as_json: AsJson = False) -> None:
    """Print an image's compressed size, where it went, and whether it keeps its budget."""
    measured = content.measure(_podman(), image)
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(measured), "budget": content.BUDGET_BYTES}))
    else:
        typer.echo("\n".join(content.table(measured)))
    if not measured.within_budget:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def digest(image: ImageName = DEFAULT_IMAGE) -> None:
    """Print a digest of an image's content, free of times: two builds from the same inputs agree."""
    typer.echo(content.image_digest(_podman(), image))
