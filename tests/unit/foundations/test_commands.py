"""The one door for other programs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ospilot.commands import OUTPUT_LIMIT, Finished, available, follow, run
from ospilot.errors import CommandError, OspilotError, PrivilegeError


def shell(script: str, *, timeout: float = 20, check: bool = True) -> Finished:
    return run(["sh", "-c", script], timeout=timeout, check=check)


def test_both_outputs_and_the_time_are_captured() -> None:
    done = shell("echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")
    assert 0 <= done.seconds < 20


def test_words_reach_the_program_as_they_are_and_no_shell_sees_them() -> None:
    words = ["a b", "$HOME", "*", "'", '"', "\\", ";true", ""]
    done = run(["printf", "%s\\n", *words])
    assert done.stdout == "".join(f"{word}\n" for word in words)
    assert "'$HOME'" in done.command


def test_a_failing_program_carries_its_evidence() -> None:
    with pytest.raises(CommandError) as caught:
        shell("echo out; echo why >&2; exit 7")
    error = caught.value
    assert error.returncode == 7
    assert error.output == "out\nwhy"
    assert error.command.startswith("sh -c")
    assert "ended with 7 after" in str(error)
    assert "why" in str(error)
    assert error.exit_code == 1


def test_a_failure_that_is_expected_is_an_answer_and_no_error() -> None:
    assert shell("exit 7", check=False).returncode == 7


def test_of_a_flood_the_end_is_kept() -> None:
    with pytest.raises(CommandError) as caught:
        shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo the end; exit 1")
    assert len(caught.value.output) == OUTPUT_LIMIT
    assert caught.value.output.endswith("the end")


def test_a_program_that_outruns_its_time_is_stopped_and_told_with_what_it_said() -> None:
    started = time.monotonic()
    with pytest.raises(CommandError) as caught:
        shell("echo begun; exec sleep 30", timeout=0.2)
    assert time.monotonic() - started < 10
    assert caught.value.returncode is None
    assert caught.value.output.strip() == "begun"
    assert "was stopped at its time limit" in str(caught.value)


def test_the_flood_of_a_program_that_outruns_its_time_is_bounded_too() -> None:
    with pytest.raises(CommandError) as caught:
        shell("head -c 50000 /dev/zero | tr '\\0' x; exec sleep 30", timeout=0.5)
    assert len(caught.value.output) == OUTPUT_LIMIT


def test_a_missing_program_is_named_with_the_way_out() -> None:
    with pytest.raises(PrivilegeError) as caught:
        run(["no-such-program-here", "x"])
    assert "'no-such-program-here'" in str(caught.value)
    assert caught.value.exit_code == 22
    assert caught.value.fix is not None
    assert "no-such-program-here" in caught.value.fix
    assert isinstance(caught.value, OspilotError)


@pytest.mark.parametrize(("given", "read"), [(None, ""), ("text é", "text é"), (b"raw", "raw"), ("", "")])
def test_a_program_reads_what_it_is_given_and_never_waits_for_a_terminal(
    given: str | bytes | None, read: str
) -> None:
    assert run(["cat"], stdin=given, timeout=20).stdout == read


def test_a_program_without_input_does_not_read_ours() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"typed by a person\n")
    os.close(writing)
    ours = os.dup(0)
    os.dup2(reading, 0)
    try:
        assert run(["cat"], timeout=20).stdout == ""
    finally:
        os.dup2(ours, 0)
        os.close(ours)
        os.close(reading)


def test_output_that_is_no_text_is_captured_all_the_same() -> None:
    assert shell("printf 'a\\377b'").stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_environment_and_directory_are_those_that_were_given(tmp_path: Path) -> None:
    environment = {"ONLY": "this", "PATH": os.environ["PATH"]}
    done = run(["sh", "-c", 'echo "$ONLY ${HOME-unset}"; pwd -P'], env=environment, cwd=tmp_path)
    assert done.stdout.splitlines() == ["this unset", str(tmp_path.resolve())]


def test_followed_output_goes_to_our_stderr_and_the_exit_code_comes_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert follow(["sh", "-c", "echo progress; cat; exit 3"]) == 3
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "progress\n")


def test_a_missing_program_cannot_be_followed_either() -> None:
    with pytest.raises(PrivilegeError, match="no-such-program-here"):
        follow(["no-such-program-here"])


def test_a_program_is_available_only_if_it_is_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert available("sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not available("sh")
