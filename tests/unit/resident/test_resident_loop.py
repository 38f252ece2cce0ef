"""Whole short lives of the resident process, with a shell in place of condor_master and no pool."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ospilot import resident
from ospilot.resident.ending import remove
from ospilot.resident.loop import SAME_REQUEST
from ospilot.resident.plan import ResidentPlan

MAIN = Path(resident.__file__).with_name("__main__.py")
STOP = signal.SIGTERM
OBEDIENT = "trap 'exit 0' TERM QUIT; while :; do sleep 0.02; done"
STUBBORN = "trap '' TERM QUIT; while :; do sleep 0.02; done"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a resident process with a script as its condor_master."""
    started: list[subprocess.Popen[str]] = []
    programs = tmp_path / "bin"
    programs.mkdir()
    plan = ResidentPlan(
        pilot="ospilot-x",
        slot="slot1@ospilot-x@node",
        pool="cm.example.org:9618",
        directory=str(tmp_path / "pilot"),
        master=[],
        environment={"PATH": f"{programs}:{os.environ['PATH']}"},
        idle_seconds=60,
        stop_grace=5,
        detailed_exit_codes=False,
    )

    def _start(
        script: str, *, slot_shown: bool = False, job: bool = False, **changes: object
    ) -> subprocess.Popen[str]:
        status = programs / "condor_status"
        status.write_text("#!/bin/sh\n" + (f"echo {plan.slot}\n" if slot_shown else ""))
        advertise = programs / "condor_advertise"
        advertise.write_text(f'#!/bin/sh\necho "$3" >> {tmp_path}/withdrawn\n')
        for program in (status, advertise):
            program.chmod(0o755)
        home = Path(plan.directory)
        for name in ("status", "log", "execute", *(["execute/dir_1"] if job else [])):
            (home / name).mkdir(parents=True)
        lock = os.open(home / "alive.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_EX)
        given = plan.but(master=["sh", "-c", script], lock=lock, **changes)
        (home / "plan.json").write_text(given.to_json())
        process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-I", "-S", str(MAIN), str(home / "plan.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[lock],
        )
        os.close(lock)
        started.append(process)
        return process

    yield _start
    for process in started:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Read the pilot's lines up to the first that holds the words; return all of them."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if words in line:
            return read
    pytest.fail(f"the pilot never said {words!r}, but:\n{read}")


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=20)
    return process.returncode, output


def test_a_stopped_pilot_without_jobs_leaves_at_once_with_nothing_left_behind(
    start: Start, tmp_path: Path
) -> None:
    process = start(OBEDIENT)
    read_until(process, "condor_master started")
    process.send_signal(STOP)
    code, output = finish(process)
    assert code == 0
    assert "first stop request" in output
    assert "STARTING -> RETIRING: a stop was asked for; leaving now" in output
    assert "exit code 0" in output.splitlines()[-1]
    assert not (tmp_path / "pilot").exists()


@pytest.mark.parametrize(
    ("script", "words", "code"),
    [
        ("exit 0", "told to stop by its administrator", 40),
        ("exit 3", "condor_master ended with 3", 30),
        ("kill -9 $$", "condor_master was killed by signal 9", 30),
    ],
)
def test_the_end_of_condor_master_is_the_end_of_the_pilot(
    start: Start, tmp_path: Path, script: str, words: str, code: int
) -> None:
    found, output = finish(start(script, detailed_exit_codes=True))
    assert found == code
    assert words in output
    assert not (tmp_path / "pilot").exists()


def test_the_ads_of_a_dead_condor_master_are_withdrawn_from_the_pool(start: Start, tmp_path: Path) -> None:
    finish(start("exit 3"))
    withdrawn = (tmp_path / "withdrawn").read_text().split()
    assert sorted(withdrawn) == ["INVALIDATE_MASTER_ADS", "INVALIDATE_STARTD_ADS"], "each once, side by side"


def test_a_pilot_that_the_pool_shows_accepts_jobs_and_leaves_when_idle(start: Start) -> None:
    code, output = finish(start(OBEDIENT, slot_shown=True, idle_seconds=0.1, detailed_exit_codes=True))
    assert code == 10
    assert "STARTING -> ACCEPTING: the pool cm.example.org:9618 shows slot1@ospilot-x@node" in output
    assert "ACCEPTING -> RETIRING: no job came for the idle time" in output


def again(process: subprocess.Popen[str]) -> None:
    """Send one more stop request, later than what counts as the same one."""
    time.sleep(2 * SAME_REQUEST)
    process.send_signal(STOP)


def test_two_signals_at_once_are_one_stop_request(start: Start) -> None:
    process = start(STUBBORN, job=True, stop_grace=3600)
    read_until(process, "condor_master started")
    process.send_signal(STOP)
    process.send_signal(STOP)
    read_until(process, "RETIRING")
    again(process)
    assert "second stop request" in read_until(process, "EXITING")
    again(process)
    again(process)
    assert finish(process)[0] == 0


def test_further_stop_requests_end_a_pilot_whose_job_and_master_ignore_everything(
    start: Start, tmp_path: Path
) -> None:
    process = start(STUBBORN, job=True, stop_grace=3600)
    read_until(process, "condor_master started")
    process.send_signal(STOP)
    assert "1 job may run for 3570 s more" in read_until(process, "RETIRING")
    again(process)
    read_until(process, "second stop request")
    again(process)
    assert "third stop request" in read_until(process, "gets SIGQUIT")
    again(process)
    code, output = finish(process)
    assert code == 0
    assert "what still runs is killed" in output
    assert "1 job ran here" in output
    assert not (tmp_path / "pilot").exists()


def test_everything_ends_within_the_grace_even_where_all_is_ignored(start: Start) -> None:
    process = start(STUBBORN, job=True, stop_grace=1)
    read_until(process, "condor_master started")
    process.send_signal(STOP)
    code, output = finish(process)
    assert code == 0
    assert "the grace is over" in output


def test_the_lines_of_htcondor_s_logs_are_shown(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "pilot/log/StartLog"
    _, output = finish(start(f"echo '2026-01-02T03:04:05.678 (pid:1) Hello' > {log}; exit 0"))
    assert f"2026-01-02T03:04:05.678Z {'startd':<14} Hello" in output.splitlines()


def test_removing_a_directory_removes_it_whole_and_follows_no_links(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").touch()
    home = tmp_path / "osgvo-pilot-x"
    (home / "tokens.d").mkdir(parents=True)
    (home / "link").symlink_to(keep)
    remove(str(home))
    assert not home.exists()
    assert (keep / "file").exists()
