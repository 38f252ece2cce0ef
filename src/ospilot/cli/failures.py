"""How the command line shows an error: what, why, and the fix."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ospilot.errors import ConfigurationError, OspilotError


def show(error: OspilotError) -> int:
    """Print an error to stderr for a person; return the exit code that belongs to it."""
    console = Console(stderr=True, soft_wrap=True)
    if isinstance(error, ConfigurationError):
        count = len(error.problems)
        console.print(Text(f"ospilot: {count} problem{'s' if count > 1 else ''}", style="bold red"))
        for problem in error.problems:
            console.print(Text(f"  {problem.sentence()}"))
    else:
        console.print(Text("ospilot: ", style="bold red") + Text(str(error)))
        if error.fix:
            console.print(Text(f"  Fix: {error.fix}"))
    return int(error.exit_code)
