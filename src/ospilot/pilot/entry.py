"""``ospilot pilot``: from the environment to a running pilot. The entrypoint of the image.

Rich libraries are used up to the plan; then this process becomes the lean resident one. The command line is
read with argparse, since typer would cost a tenth of a second of every start.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from ospilot import __version__, resident
from ospilot.errors import ConfigurationError, OspilotError, Problem
from ospilot.host import facts as host
from ospilot.pilot import plan as planning
from ospilot.pilot import prepare
from ospilot.pilot.plan import PilotPlan
from ospilot.resident.ending import remove
from ospilot.resident.logs import our_line
from ospilot.settings import model
from ospilot.tokens import judge

EXAMPLE = """examples:
  ospilot pilot --dry-run     show every decision and HTCondor's configuration; start nothing
  ospilot pilot               join the pool and run jobs until stopped, idle or retired

options come from the environment: GLIDEIN_Site, GLIDEIN_ResourceName, POOL, and the token as a file in
/etc/condor/tokens-orig.d or in TOKEN; 'ospilot pilot --options' lists them all
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pilot command; return its exit code. Without --dry-run it returns only on failure."""
    parser = argparse.ArgumentParser(
        prog="ospilot pilot",
        description="Join a pool as an execution point and run its jobs.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan and the config; start nothing")
    parser.add_argument("--json", action="store_true", help="with --dry-run: print one JSON object")
    parser.add_argument("--options", action="store_true", help="list every option and end")
    parser.add_argument("--tokens", type=Path, default=judge.TOKENS_DIRECTORY, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.options:
        _print_options()
        return 0
    # Consumed at once: no process that we start finds the token in its environment.
    given = os.environ.pop("TOKEN", None)
    environ = {**os.environ, **({"TOKEN": given} if given else {})}
    try:
        plan = _plan(environ, arguments.tokens)
        if arguments.dry_run:
            _print_plan(plan, as_json=arguments.json)
            return 0
        _start(plan)
    except OspilotError as error:
        _complain(error)
        return int(error.exit_code)


def _plan(environ: dict[str, str], tokens_directory: Path) -> PilotPlan:
    """Return the plan; raise ConfigurationError with the problems of settings, tokens and host together."""
    problems: list[Problem] = []
    settings = None
    try:
        settings = model.from_environment(environ)
    except ConfigurationError as error:
        problems += error.problems
    tokens, bad_tokens = judge.collect(
        mounted=tokens_directory, given=environ.get("TOKEN") or None, now=time.time()
    )
    problems += bad_tokens
    facts = host.gather(scratch=Path(settings.scratch if settings else "/pilot"))
    if settings is not None:
        problems += planning.problems(settings, facts)
    if problems or settings is None:
        raise ConfigurationError(problems)
    return planning.make(settings, facts, tuple(tokens), unique=os.urandom(5).hex(), environ=environ)


def _start(plan: PilotPlan) -> NoReturn:
    """Prepare the pilot and become its resident process; raise OspilotError with nothing left behind."""
    _say(f"ospilot {__version__}: the plan")
    for decision in plan.decisions:
        _say(f"  {decision.what:<10} {decision.value}  ({decision.why})")
    for dead in prepare.dead_predecessors(Path(plan.directory).parent):
        _say(f"removing {dead}, left by a pilot that was killed")
        remove(str(dead))
    try:
        prepare.prepare(plan)
        identity = prepare.ask_pool(plan, say=_say)
    except BaseException:
        remove(plan.directory)
        raise
    _say(f"the pool {plan.resident.pool} knows this pilot as {identity} and lets it advertise")
    sys.stdout.flush()
    resident_main = str(Path(resident.__file__).with_name("__main__.py"))
    os.execve(  # noqa: S606 - our own interpreter
        sys.executable,
        [sys.executable, "-I", "-S", resident_main, f"{plan.directory}/plan.json"],
        plan.resident.environment,
    )


def _complain(error: OspilotError) -> None:
    lines = ["ospilot: this pilot cannot start; nothing was started and nothing is left behind"]
    if isinstance(error, ConfigurationError):
        lines += [f"  {problem.sentence()}" for problem in error.problems]
    else:
        lines.append(f"  {error}" + (f". Fix: {error.fix}" if error.fix else ""))
    lines.append(f"exit code {int(error.exit_code)}: {_meaning(error)}")
    sys.stderr.write("\n".join(lines) + "\n")


def _meaning(error: OspilotError) -> str:
    return {
        20: "the configuration must be mended first; restarting does not help",
        21: "the token must be mended first; restarting does not help",
        22: "a right or a program is missing; restarting does not help",
        30: "this node is not healthy; try again later",
        31: "the pool cannot be reached; try again later",
    }.get(int(error.exit_code), "failed")


def _say(text: str) -> None:
    sys.stdout.write(our_line(text, time.time()) + "\n")
    sys.stdout.flush()


def _print_plan(plan: PilotPlan, *, as_json: bool) -> None:
    if as_json:
        shown = {
            "decisions": [asdict(decision) for decision in plan.decisions],
            "condor_config": plan.condor_config,
        }
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
        return
    lines = ["the plan (nothing was started):"]
    lines += [f"  {one.what:<10} {one.value}  ({one.why})" for one in plan.decisions]
    lines += ["", "HTCondor's configuration, after the image's policy files:"]
    lines += [f"  {line}" for line in plan.condor_config.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")


def _print_options() -> None:
    for name, field in model.variables().items():
        default = "required" if field.is_required() else f"default: {field.default}"
        sys.stdout.write(f"{name} ({default})\n    {field.description}\n")


if __name__ == "__main__":
    sys.exit(main())
