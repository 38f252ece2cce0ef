"""The tree of errors and what each leads to."""

from __future__ import annotations

import pytest

from ospilot import errors
from ospilot.errors import CommandError, ConfigurationError, ExitCode, OspilotError, Problem


def problem(code: ExitCode = ExitCode.CONFIGURATION, name: str = "X", value: str | None = "v") -> Problem:
    return Problem(name, value, "is wrong", "mend it", code)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([ExitCode.CONFIGURATION], 20),
        ([ExitCode.TOKEN], 21),
        ([ExitCode.TOKEN, ExitCode.TOKEN], 21),
        ([ExitCode.PRIVILEGE], 22),
        ([ExitCode.TOKEN, ExitCode.PRIVILEGE], 22),
        ([ExitCode.TOKEN, ExitCode.CONFIGURATION], 20),
        ([ExitCode.CONFIGURATION, ExitCode.PRIVILEGE, ExitCode.TOKEN], 20),
        ([], 20),
    ],
)
def test_of_several_problems_the_code_is_settings_then_rights_then_token(
    codes: list[ExitCode], code: int
) -> None:
    assert ConfigurationError([problem(one) for one in codes]).exit_code == code


def test_a_configuration_error_carries_and_tells_every_problem() -> None:
    error = ConfigurationError([problem(name="A"), problem(name="B")])
    assert [one.name for one in error.problems] == ["A", "B"]
    assert str(error).splitlines() == [one.sentence() for one in error.problems]


def test_one_configuration_error_does_not_change_the_code_of_the_next() -> None:
    assert ConfigurationError([problem(ExitCode.TOKEN)]).exit_code == 21
    assert ConfigurationError.exit_code is ExitCode.FAILED
    assert ConfigurationError([problem()]).exit_code == 20


def test_a_problem_is_one_sentence_with_value_reason_and_fix() -> None:
    assert problem().sentence() == "X: is wrong (found: 'v'). Fix: mend it"
    assert problem(value=None).sentence() == "X: is wrong. Fix: mend it"


def test_a_value_with_line_breaks_still_makes_one_line() -> None:
    assert "\n" not in problem(value="a\nb\x1b[31m").sentence()
    assert "\x1b" not in problem(value="a\nb\x1b[31m").sentence()


def test_a_problem_without_its_value_is_otherwise_the_same() -> None:
    assert problem().without_value() == problem(value=None)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.TokenError, 21),
        (errors.PrivilegeError, 22),
        (errors.NodeError, 30),
        (errors.PoolUnreachableError, 31),
        (OspilotError, 1),
    ],
)
def test_each_error_has_its_exit_code_and_keeps_its_fix(kind: type[OspilotError], code: int) -> None:
    error = kind("what happened", fix="do this")
    assert (error.exit_code, error.fix, str(error)) == (code, "do this", "what happened")
    assert kind("x").fix is None


def test_a_command_that_failed_tells_code_and_time_or_that_it_was_stopped() -> None:
    failed = CommandError(command="a b", returncode=2, seconds=1.26, output="why")
    assert str(failed) == "a b ended with 2 after 1.3 s\nwhy"
    stopped = CommandError(command="a b", returncode=None, seconds=5, output="")
    assert str(stopped) == "a b was stopped at its time limit after 5.0 s"


def test_launchers_can_rely_on_the_numbers() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "IDLE": 10,
        "RETIRED": 11,
        "CONFIGURATION": 20,
        "TOKEN": 21,
        "PRIVILEGE": 22,
        "NODE": 30,
        "POOL": 31,
        "DRAINED": 40,
    }
