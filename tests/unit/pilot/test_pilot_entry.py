"""The entrypoint up to the plan: everything wrong is said at once, and secrets go nowhere."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jwt
import pytest

from ospilot.pilot import entry
from ospilot.settings.model import variables

KEY = "a key that only the pool holds, long enough for HS256"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any option of the pilot."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_problems_of_settings_and_tokens_are_told_together(
    clean: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean.setenv("NUM_CPUS", "abc")
    (tmp_path / "pool").touch()
    assert entry.main(["--dry-run", "--tokens", str(tmp_path)]) == 20
    told = capsys.readouterr()
    assert told.out == ""
    for words in ("GLIDEIN_Site: is not set", "POOL: is not set", "NUM_CPUS:", "is empty", "exit code 20"):
        assert words in told.err
    assert "Traceback" not in told.err


def test_the_value_of_token_is_consumed_and_never_told(
    clean: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = jwt.encode({"exp": 1}, KEY)
    clean.setenv("TOKEN", text)
    assert entry.main(["--dry-run", "--tokens", str(tmp_path)]) == 20
    told = capsys.readouterr()
    assert "TOKEN: expired on 1970-01-01" in told.err
    assert text not in told.err + told.out
    assert "TOKEN" not in os.environ


def test_every_option_is_listed_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--options"]) == 0
    listed = capsys.readouterr().out
    for name, field in variables().items():
        assert f"{name} (" in listed
        assert str(field.description) in listed
    assert "POOL (required)" in listed
    assert "OSPILOT_STOP_GRACE (default: 10)" in listed


def test_a_dry_run_prints_the_plan_and_makes_nothing(
    clean: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = jwt.encode({"sub": "pilot@cm", "iss": "cm"}, KEY)
    tokens, scratch = tmp_path / "tokens", tmp_path / "scratch"
    tokens.mkdir()
    scratch.mkdir()
    (tokens / "pool").write_text(text)
    clean.setenv("GLIDEIN_Site", "S")
    clean.setenv("GLIDEIN_ResourceName", "R")
    clean.setenv("POOL", "cm.example.org")
    clean.setenv("OSPILOT_SCRATCH", str(scratch))
    clean.setenv("OSPILOT_ISOLATION", "none")
    # Whoever runs these tests: a pilot refuses root.
    clean.setattr(os, "getuid", lambda: 1000)
    assert entry.main(["--dry-run", "--json", "--tokens", str(tokens)]) == 0
    told = capsys.readouterr()
    shown = json.loads(told.out)
    assert "CONDOR_HOST = cm.example.org:9618\n" in shown["condor_config"]
    assert {"what": "pool", "value": "cm.example.org:9618", "why": "POOL"} in shown["decisions"]
    assert text not in told.out + told.err
    assert list(scratch.iterdir()) == []
    assert entry.main(["--dry-run", "--tokens", str(tokens)]) == 0
    assert "nothing was started" in capsys.readouterr().out
