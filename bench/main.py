"""The command line of the benchmark: what to measure, and how to show it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from bench import cycle, figures, idle, image, start
from bench.figures import Figure, Result, json_lines
from bench.plan import QUICK, Plan
from bench.stage import Stage, staged
from bench.table import markdown, table
from ospilot.build.images import PILOT
from ospilot.cli import failures
from ospilot.demo import stopping
from ospilot.errors import OspilotError, PrivilegeError
from ospilot.host import quirks
from ospilot.launch.podman import Podman

EXAMPLE = """examples:
  bench/run.py                             every figure; some 12 minutes on a quiet machine
  bench/run.py --only start_to_slot --pairs 9
  bench/run.py --quick                     does the benchmark itself work?

figures above their budget are reported, never an error: the exit code says whether all could be measured
"""

QUIET_LOAD = 0.3
"""Load per CPU above which other work shows in the figures."""


@dataclass(frozen=True)
class Measure:
    """One piece of the benchmark and the figures that it gives."""

    run: Callable[[Stage, Plan], list[Result]]
    figures: tuple[Figure, ...]


MEASURES = (
    Measure(
        start.measure,
        (figures.START_TO_SLOT, figures.CPU_UNTIL_SLOT, figures.PROCESSES_UNTIL_SLOT, figures.STOP_IDLE),
    ),
    Measure(start.measure_job, (figures.START_TO_JOB,)),
    Measure(
        cycle.measure,
        (
            figures.JOB_CYCLE_PLAIN,
            figures.CPU_PER_JOB_PLAIN,
            figures.JOB_CYCLE_SIF,
            figures.CPU_PER_JOB_SIF,
            figures.PROCESSES_PER_JOB_SIF,
        ),
    ),
    Measure(idle.measure, (figures.PSS, figures.IDLE_CPU)),
    Measure(image.measure, (figures.IMAGE,)),
)

NAMES = tuple(figure.name for measure in MEASURES for figure in measure.figures)


def chosen(only: Sequence[str]) -> list[Measure]:
    """Given names of figures, return the measures that give them; all of them for no name."""
    if not only:
        return list(MEASURES)
    return [each for each in MEASURES if any(figure.name in only for figure in each.figures)]


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Given the command line, return how much to measure."""
    plan = QUICK if arguments.quick else Plan()
    return replace(plan, pairs=arguments.pairs) if arguments.pairs else plan


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return 0 if everything could be measured, whatever the figures are."""
    arguments = _parser().parse_args(argv)
    results: list[Result] = []
    code = 0
    try:
        with stopping.unwinding():
            _run(arguments, results)
    except OspilotError as error:
        code = failures.show(error)
    except stopping.Stopped as stopped:
        code = stopped.exit_code
    if results:
        _print(results, as_markdown=arguments.markdown)
        if arguments.json:
            arguments.json.write_text(json_lines(results))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench/run.py",
        description="Measure what ospilot costs beside bare HTCondor in the same image.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write one JSON object a line")
    parser.add_argument("--pairs", type=_count, metavar="N", help="starts of each side (5)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=NAMES,
        metavar="NAME",
        help="one figure; may be repeated",
    )
    parser.add_argument("--quick", action="store_true", help="few samples, to try the benchmark itself")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/benchmarks.md")
    parser.add_argument("--image", default=f"{PILOT}:latest", help="image of the pilot (%(default)s)")
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError("give a number above zero")
    return int(text)


def _run(arguments: argparse.Namespace, results: list[Result]) -> None:
    """Append what is measured to ``results``, so that a failure later on does not cost it."""
    if os.geteuid() != 0:
        raise PrivilegeError(
            "the benchmark reads memory and CPU of other users' processes",
            fix="run it as root, with root's podman",
        )
    podman = Podman(quirks.detect())
    _warn_if_busy(podman)
    plan = plan_of(arguments)
    with staged(podman, image=arguments.image, say=_say) as stage:
        try:
            for measure in chosen(arguments.only):
                results += measure.run(stage, plan)
        finally:
            stopping.ignore()
            _say("removing all that was started")


def _warn_if_busy(podman: Podman) -> None:
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    if load > QUIET_LOAD:
        _say(f"this machine is busy (load {load:.1f} per CPU): the figures will be noisy")
    others = [each["Names"][0] for each in podman.containers("org.ospilot.managed")]
    if others:
        _say(f"other containers of ospilot run and share memory with ours: {', '.join(others)}")


def _print(results: list[Result], *, as_markdown: bool) -> None:
    if as_markdown:
        print(markdown(results), end="")
        return
    # A table that goes to a file is as wide as it needs to be.
    console = Console() if sys.stdout.isatty() else Console(width=140)
    console.print(table(results))


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
