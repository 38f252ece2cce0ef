"""Processes: started, found, named and signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ospilot.resident import processes

PATIENCE = 5.0
"""Seconds after which a test gives up waiting for the kernel."""


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    """A shell and its child, by their pids."""
    with subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout is not None
        child = int(shell.stdout.readline())
        yield shell.pid, child
        processes.send({shell.pid, child}, signal.SIGKILL)


def ended(pid: int) -> int:
    """Wait for a child of ours; return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_children_and_grandchildren_are_found_and_we_ourselves_are_not(family: tuple[int, int]) -> None:
    found = processes.descendants()
    assert set(family) <= found
    assert os.getpid() not in found
    assert os.getppid() not in found


def test_processes_are_told_apart_by_their_program(family: tuple[int, int]) -> None:
    _, child = family
    end = time.monotonic() + PATIENCE
    while processes.named({child}, frozenset({"sleep"})) != {child} and time.monotonic() < end:
        time.sleep(0.01)
    assert processes.named(set(family), frozenset({"sleep"})) == {child}
    assert processes.named(set(family), frozenset({"condor_startd"})) == set()
    assert processes.named({2**22 + 1}, frozenset({"sleep"})) == set()


def test_a_dead_child_that_nobody_waited_for_is_no_living_descendant() -> None:
    child = subprocess.Popen(["true"])
    end = time.monotonic() + PATIENCE
    while child.pid in processes.descendants() and time.monotonic() < end:
        time.sleep(0.01)
    assert child.pid not in processes.descendants()
    child.wait()


def test_a_signal_reaches_those_who_are_there_and_forgives_those_who_are_not(
    family: tuple[int, int],
) -> None:
    shell, child = family
    processes.send({2**22 + 1, child}, signal.SIGKILL)
    end = time.monotonic() + PATIENCE
    while child in processes.descendants() and time.monotonic() < end:
        time.sleep(0.01)
    assert child not in processes.descendants()
    assert shell > 0


def test_a_started_program_gets_its_own_environment_output_and_session(tmp_path: Path) -> None:
    output = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    script = 'echo "$ONLY ${HOME-unset}"; cat; ps -o sid= -p $$ || true; exit 7'
    environment = {"ONLY": "this", "PATH": os.environ["PATH"]}
    pid = processes.spawn(["sh", "-c", script], environment, output=output)
    os.close(output)
    assert ended(pid) == 7
    assert (tmp_path / "out").read_text().splitlines()[0] == "this unset"


def test_a_program_that_does_not_exist_ends_with_127_and_a_word(tmp_path: Path) -> None:
    output = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    pid = processes.spawn(["/no/such/program"], {}, output=output)
    os.close(output)
    assert ended(pid) == 127
    assert "cannot run /no/such/program: No such file" in (tmp_path / "out").read_text()
