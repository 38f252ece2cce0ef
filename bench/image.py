"""Measure the image: what a site downloads for its first pilot."""

from __future__ import annotations

from bench import figures
from bench.figures import Result
from bench.plan import Plan
from bench.stage import Stage
from ospilot.build import content


def measure(stage: Stage, _: Plan) -> list[Result]:
    """Weigh the image as 'ospilot image size' does."""
    stage.say("compressing the image")
    size = content.measure(stage.podman, stage.image)
    return [Result(figures.IMAGE, (size.compressed / 1e6,))]
