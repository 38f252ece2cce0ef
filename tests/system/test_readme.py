"""The README, taken literally."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from driver import Operator, Pilot, wait_for
from ospilot import commands
from ospilot.host import quirks
from ospilot.pool import PoolInfo

pytestmark = pytest.mark.system

README = (Path(__file__).parents[2] / "README.md").read_text()


def _quick_start() -> str:
    blocks = re.findall(r"```sh\n(podman run .*?)```", README, re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0]).strip()


def test_the_podman_line_of_the_quick_start_joins_the_pool_and_runs_a_job(
    site: Operator, pool_info: PoolInfo, tmp_path: Path
) -> None:
    quirks.write_podman_files(site.podman.quirks)
    (tmp_path / "pilot.tkn").write_bytes(site.token.read_bytes())
    os.chown(tmp_path / "pilot.tkn", 1000, 1000)
    site.podman.remove("my-pilot")
    pilot = Pilot("my-pilot", site.podman, tmp_path)
    site.started.append(pilot)
    # The line itself is not edited; --rm is kept, and the shell runs it in the background.
    script = f"{_quick_start()} > log 2>&1 < /dev/null & sleep 1"
    commands.run(
        ["sh", "-c", script],
        env={**os.environ, "POOL": pool_info.address, "PWD": str(tmp_path)},
        cwd=tmp_path,
    )
    wait_for("the pilot accepts", lambda: "-> ACCEPTING" in (tmp_path / "log").read_text())
    [job] = site.ended(site.submit_script("#!/bin/sh\necho hello\n"))
    assert job.exit_code == 0
    assert "MyMachine" in str(job.host)
    site.podman.stop("my-pilot")
    wait_for("its last line", lambda: "exit code 0" in (tmp_path / "log").read_text())


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"^(?:    )?ospilot ([a-z]+(?: [a-z]+)?)", README, re.MULTILINE))
    assert {"pool up", "pool token", "pool submit", "pool status", "pool down"} <= named
    for words in sorted(named):
        done = commands.run(["ospilot", *words.split(), "--help"], env=_with_venv())
        assert "Example" in done.stdout or "Examples" in done.stdout, f"{words}: help without an example"


def test_every_target_and_document_that_the_readme_names_is_there() -> None:
    root = Path(__file__).parents[2]
    makefile = (root / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / link).is_file(), link


def _with_venv() -> dict[str, str]:
    root = Path(__file__).parents[2]
    return {**os.environ, "PATH": f"{root}/.venv/bin:{os.environ['PATH']}"}
