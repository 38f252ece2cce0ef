"""What a pilot makes on disk, what it asks the pool, and whom it counts as dead."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ospilot.commands import Finished
from ospilot.errors import ConfigurationError, PoolUnreachableError, TokenError
from ospilot.host.facts import Figure, HostFacts, Isolation
from ospilot.pilot.plan import PilotPlan, make
from ospilot.pilot.prepare import (
    FIRST_PAUSE,
    LOCK_NAME,
    OWN_DIRECTORIES,
    TRIES,
    ask_pool,
    dead_predecessors,
    prepare,
)
from ospilot.resident.plan import ResidentPlan
from ospilot.settings.model import from_environment
from ospilot.tokens.judge import Token

HIDDEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwIn0.the-signature"
TOKENS = (
    Token("flock.opensciencegrid.org", HIDDEN, "i", "s", (), None),
    Token("second", "second-text", "i", "s", (), None),
)


def planned(scratch: Path, *, unique: str = "cafe") -> PilotPlan:
    settings = from_environment(
        {
            "GLIDEIN_Site": "S",
            "GLIDEIN_ResourceName": "R",
            "POOL": "cm.example.org",
            "OSPILOT_SCRATCH": str(scratch),
        }
    )
    figure = Figure(4000, "x")
    facts = HostFacts(1000, "osg", "n", figure, figure, 1, Isolation.FULL, "", fuse=True)
    return make(settings, facts, TOKENS, unique=unique, environ={})


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The loosest umask, under which only explicit modes keep others out."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_directories_are_closed_and_files_are_private_under_any_umask(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    os.close(prepare(plan))
    home = Path(plan.directory)
    assert mode(home) == 0o700
    # HTCondor asks for 0755 on EXECUTE; the directory above keeps others out.
    assert {name: mode(home / name) for name in OWN_DIRECTORIES} == {
        **dict.fromkeys(OWN_DIRECTORIES, 0o700),
        "execute": 0o755,
    }
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) == 5
    assert {str(path): mode(path) for path in files} == {str(path): 0o600 for path in files}


def test_what_htcondor_and_the_resident_process_need_is_in_place(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    lock = prepare(plan)
    try:
        home = Path(plan.directory)
        assert (home / "condor_config.pilot").read_text() == plan.condor_config
        assert (home / "tokens.d/flock.opensciencegrid.org").read_text() == HIDDEN + "\n"
        assert (home / "tokens.d/second").read_text() == "second-text\n"
        handed = ResidentPlan.from_json((home / "plan.json").read_text())
        assert handed.lock == lock
        assert handed.environment["PILOT_CONFIG_FILE"] == str(home / "condor_config.pilot")
        assert HIDDEN not in (home / "plan.json").read_text()
        assert Path(handed.status_directory).is_dir()
        assert Path(handed.log_directory).is_dir()
        assert Path(handed.execute_directory).is_dir()
    finally:
        os.close(lock)


def test_the_lock_is_held_and_outlives_exec(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    lock = prepare(plan)
    assert os.get_inheritable(lock)
    other = os.open(Path(plan.directory) / LOCK_NAME, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)


def test_a_scratch_that_is_not_there_is_named_with_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        prepare(planned(tmp_path / "none"))
    (problem,) = caught.value.problems
    assert (problem.name, problem.value) == ("OSPILOT_SCRATCH", str(tmp_path / "none"))
    assert "No such file or directory" in problem.reason
    assert caught.value.exit_code == 20


def test_a_scratch_that_is_a_file_is_named_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="OSPILOT_SCRATCH"):
        prepare(planned(tmp_path / "file"))


def test_a_directory_of_the_same_name_is_never_taken_over(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    Path(plan.directory).mkdir()
    with pytest.raises(ConfigurationError, match="File exists"):
        prepare(plan)
    assert list(Path(plan.directory).iterdir()) == []


def finished(returncode: int, stdout: str = "", stderr: str = "") -> Finished:
    return Finished("condor_ping", returncode, stdout, stderr, 0.1)


def answers(*given: Finished) -> Callable[[PilotPlan], Finished]:
    left = list(given)
    return lambda _plan: left.pop(0)


ALLOWED = finished(
    0, "ADVERTISE_STARTD command using (AES, AES, and IDTOKENS) succeeded as pilot@cm to collector cm.\n"
)
SILENT = finished(1, stderr="ERROR: couldn't locate cm.example.org:9618!\n")
REFUSED = finished(1, "ADVERTISE_STARTD failed!\nAUTHENTICATE:1003:Failed to authenticate with any method\n")


def test_an_allowed_pilot_learns_its_identity_without_a_pause(tmp_path: Path) -> None:
    said: list[str] = []
    pauses: list[float] = []
    identity = ask_pool(planned(tmp_path), say=said.append, pause=pauses.append, ask=answers(ALLOWED))
    assert (identity, said, pauses) == ("pilot@cm", [], [])


@pytest.mark.parametrize("text", ["", "succeeded", "succeeded as", "as"])
def test_an_identity_that_is_not_told_does_not_matter(tmp_path: Path, text: str) -> None:
    def ask(_plan: PilotPlan) -> Finished:
        return finished(0, text)

    assert ask_pool(planned(tmp_path), say=print, pause=print, ask=ask) == "unknown"


def test_a_refused_token_ends_the_start_at_once_with_what_the_pool_said(tmp_path: Path) -> None:
    pauses: list[float] = []
    with pytest.raises(TokenError) as caught:
        ask_pool(planned(tmp_path), say=print, pause=pauses.append, ask=answers(REFUSED))
    assert pauses == []
    assert caught.value.exit_code == 21
    assert "cm.example.org:9618" in str(caught.value)
    assert "Failed to authenticate with any method" in str(caught.value)
    assert caught.value.fix is not None
    assert "ADVERTISE_STARTD" in caught.value.fix


def test_a_silent_pool_is_asked_again_after_doubled_pauses_and_then_given_up(tmp_path: Path) -> None:
    said: list[str] = []
    pauses: list[float] = []
    with pytest.raises(PoolUnreachableError) as caught:
        ask_pool(planned(tmp_path), say=said.append, pause=pauses.append, ask=answers(*[SILENT] * TRIES))
    assert pauses == [FIRST_PAUSE * 2**number for number in range(TRIES - 1)]
    assert len(said) == TRIES - 1
    assert f"(try 1 of {TRIES})" in said[0]
    assert caught.value.exit_code == 31
    assert "couldn't locate" in str(caught.value)


def test_a_pool_without_words_is_given_up_in_words(tmp_path: Path) -> None:
    with pytest.raises(PoolUnreachableError, match="no words from condor_ping"):
        ask_pool(planned(tmp_path), say=print, pause=lambda _: None, ask=answers(*[finished(1)] * TRIES))


def test_a_pool_that_answers_the_last_try_is_joined(tmp_path: Path) -> None:
    pauses: list[float] = []
    ask = answers(*[SILENT] * (TRIES - 1), ALLOWED)
    assert ask_pool(planned(tmp_path), say=lambda _: None, pause=pauses.append, ask=ask) == "pilot@cm"
    assert len(pauses) == TRIES - 1


def test_a_refusal_after_silence_is_still_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(TokenError):
        ask_pool(planned(tmp_path), say=lambda _: None, pause=lambda _: None, ask=answers(SILENT, REFUSED))


def test_a_pilot_that_holds_its_lock_is_living_and_one_that_does_not_is_dead(tmp_path: Path) -> None:
    living, dead = planned(tmp_path, unique="aaaa"), planned(tmp_path, unique="bbbb")
    lock = prepare(living)
    os.close(prepare(dead))
    try:
        assert dead_predecessors(tmp_path) == [Path(dead.directory)]
    finally:
        os.close(lock)
    assert dead_predecessors(tmp_path) == [Path(living.directory), Path(dead.directory)]


def test_looking_for_the_dead_changes_nothing(tmp_path: Path) -> None:
    os.close(prepare(planned(tmp_path)))
    before = sorted(tmp_path.rglob("*"))
    assert dead_predecessors(tmp_path) == dead_predecessors(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_directory_without_a_lock_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "osgvo-pilot-x").mkdir()
    assert dead_predecessors(tmp_path) == []


def test_links_are_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / LOCK_NAME).touch()
    (tmp_path / "osgvo-pilot-link").symlink_to(real)
    trap = tmp_path / "osgvo-pilot-trap"
    trap.mkdir()
    (trap / LOCK_NAME).symlink_to(real / LOCK_NAME)
    assert dead_predecessors(tmp_path) == []


@pytest.mark.parametrize("name", ["pilot-x", "osgvo-x", "execute", ".osgvo-pilot-x", "my-osgvo-pilot-x"])
def test_directories_of_other_names_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / LOCK_NAME).touch()
    assert dead_predecessors(tmp_path) == []


def test_a_file_of_our_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "osgvo-pilot-x").touch()
    assert dead_predecessors(tmp_path) == []


def test_what_another_user_left_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.close(prepare(planned(tmp_path)))
    us = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: us + 1)
    assert dead_predecessors(tmp_path) == []


def test_a_scratch_that_is_not_there_holds_no_dead(tmp_path: Path) -> None:
    assert dead_predecessors(tmp_path / "none") == []


def test_a_lock_file_is_never_seen_without_its_lock(tmp_path: Path) -> None:
    made = planned(tmp_path)
    os.close(prepare(made))
    assert not (Path(made.directory) / "new.lock").exists()


def test_a_ping_that_outruns_its_time_counts_as_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stand-in for condor_ping that takes the connection and never answers.
    program = tmp_path / "bin" / "condor_ping"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("ospilot.pilot.prepare.PING_SECONDS", 0.1)
    made = planned(tmp_path)
    made = replace(made, resident=made.resident.but(environment={"PATH": os.environ["PATH"]}))
    pauses: list[float] = []
    with pytest.raises(PoolUnreachableError, match="does not answer"):
        ask_pool(made, say=lambda _: None, pause=pauses.append)
    assert len(pauses) == 3
