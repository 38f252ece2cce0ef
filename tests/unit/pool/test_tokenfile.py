from __future__ import annotations

from pathlib import Path

import pytest

from ospilot.errors import ConfigurationError
from ospilot.pool import write_token


def test_a_token_file_is_for_its_owner_only_and_replaces_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "pilot.tkn"
    path.write_text("old")
    path.chmod(0o644)
    write_token(path, "new")
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["pilot.tkn"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "pilot.tkn").symlink_to(tmp_path / "target")
    write_token(tmp_path / "pilot.tkn", "new")
    assert (tmp_path / "target").read_text() == "precious"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_token(tmp_path / "nowhere/pilot.tkn", "new")
