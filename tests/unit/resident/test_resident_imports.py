"""What stays while jobs run is small: standard library and itself, nothing else, even when it really runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ospilot import resident

SOURCE = Path(resident.__file__).parents[2]
HEAVY = {
    "asyncio",
    "pydantic",
    "typer",
    "rich",
    "jwt",
    "typing",
    "dataclasses",
    "inspect",
    "json",
    "re",
    "logging",
    "subprocess",
    "pathlib",
    "argparse",
    "socket",
    "email",
    "urllib",
}
"""Modules whose memory would be taken from jobs, though some are of the standard library."""

SCRIPT = """
import sys
before = set(sys.modules)
sys.path.insert(0, {source!r})
import ospilot.resident.loop
loaded = sorted(set(sys.modules) - before)
import json
print(json.dumps(loaded))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that the resident process loads beyond the bare interpreter's own."""
    argv = [sys.executable, "-I", "-S", "-c", SCRIPT.format(source=str(SOURCE))]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - our own
    return set(json.loads(done.stdout))


def test_only_the_standard_library_and_the_room_itself_are_loaded(loaded: set[str]) -> None:
    ours = {name for name in loaded if name.partition(".")[0] == "ospilot"}
    assert {name for name in ours if not name.startswith("ospilot.resident")} == {"ospilot"}
    assert {name.partition(".")[0] for name in loaded - ours} <= set(sys.stdlib_module_names)


def test_nothing_heavy_is_loaded(loaded: set[str]) -> None:
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


def test_the_test_above_sees_what_is_loaded(loaded: set[str]) -> None:
    assert {"ospilot.resident.life", "ospilot.resident.publish", "signal", "ctypes"} <= loaded
