"""Imports between rooms follow the arrows, read from the source."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import ospilot

HOUSE = Path(ospilot.__file__).parent

FLOORS = (
    {"ospilot", "errors", "commands"},
    {"settings", "host"},
    {"condor", "tokens"},
    {"launch"},
    {"pilot", "resident", "build", "pool"},
    {"demo"},
    {"cli"},
)
"""The rooms from the lowest floor up; a room may use those below it, and itself."""

FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

BESIDE = {
    ("pilot", "ospilot.resident"),
    ("pilot", "ospilot.resident.life"),
    ("pilot", "ospilot.resident.plan"),
    ("pilot", "ospilot.resident.ending"),
    ("pilot", "ospilot.resident.logs"),
}
"""Imports within a floor: the pilot hands over to the resident process, whose plain data it makes
and whose log and clean-up it shares."""

KNOWS_NOBODY = {"settings", "host", "condor"}
"""Rooms that know the foundations only."""


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "ospilot"


def modules() -> dict[str, Path]:
    """Return every module of the package by its name."""
    found = {}
    for path in HOUSE.rglob("*.py"):
        parts = path.relative_to(HOUSE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it; names of our own package resolved to modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            base = node.module or ""
            inner = {f"{base}.{alias.name}" for alias in node.names} & set(MODULES)
            found |= inner or {base}
    return found


def ours(path: Path) -> set[str]:
    return {name for name in imported(path) if name.partition(".")[0] == "ospilot"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_what_lies_below_its_room(module: str) -> None:
    room = room_of(module)
    assert room in FLOOR, f"the room {room} has no floor yet: add it to FLOORS"
    for name in sorted(ours(MODULES[module])):
        other = room_of(name)
        below = FLOOR[other] < FLOOR[room] or other == room
        assert below or (room, name) in BESIDE or FLOOR[room] == 0 == FLOOR[other], f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(name for name in MODULES if room_of(name) in KNOWS_NOBODY))
def test_the_lowest_rooms_know_no_other_room(module: str) -> None:
    rooms = {room_of(name) for name in ours(MODULES[module])}
    assert rooms <= FLOORS[0] | {room_of(module)}


def test_nothing_imports_the_command_line() -> None:
    users = {name for name, path in MODULES.items() if any(room_of(one) == "cli" for one in ours(path))}
    assert {name for name in users if room_of(name) != "cli"} == set()


@pytest.mark.parametrize("module", sorted(name for name in MODULES if room_of(name) == "resident"))
def test_the_resident_process_imports_the_standard_library_and_its_own_room(module: str) -> None:
    for name in imported(MODULES[module]):
        top = name.partition(".")[0]
        assert top in sys.stdlib_module_names or room_of(name) == "resident", f"{module} imports {name}"


def test_the_allowed_imports_within_a_floor_are_all_in_use() -> None:
    used = {(room_of(module), name) for module, path in MODULES.items() for name in ours(path)}
    assert used >= BESIDE
