"""The commands of a user, from run to demo."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from driver import Operator, Pilot, wait_for
from ospilot import commands
from ospilot.launch.podman import MANAGED_LABEL, Podman
from ospilot.pool import PoolInfo

pytestmark = pytest.mark.system

OSPILOT = str(Path(sys.executable).with_name("ospilot"))


def _managed(podman: Podman) -> set[str]:
    return {str(each["Names"][0]) for each in podman.containers(MANAGED_LABEL)}


def test_run_starts_exactly_the_command_line_that_dry_run_prints(site: Operator, pool_info: PoolInfo) -> None:
    name = f"ospilot-test-{secrets.token_hex(4)}"
    words = [
        OSPILOT,
        "run",
        "--pool",
        pool_info.address,
        "--site",
        "S",
        "--resource",
        "It's R",
        "--name",
        name,
    ]
    words += ["--token", str(site.token), "--cpus", "1", "--memory", "512", "--grace", "15", "--detach"]
    printed = commands.run([*words, "--dry-run"]).stdout
    assert "--privileged" not in printed
    assert "--cap-add" not in printed
    pilot = Pilot(name, site.podman, site.folder)
    site.started.append(pilot)
    # What was printed is a shell line that works as it stands.
    commands.run(["sh", "-c", printed])
    pilot.accepting()
    site.podman.remove(name)
    told = commands.run(words)
    assert f"podman stop {name}" in told.stderr
    pilot.accepting()


def test_run_tells_every_problem_in_the_words_of_its_flags(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    words = [OSPILOT, "run", "--cpus", "many", "--token", str(tmp_path / "empty"), "--scratch", "/nowhere"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GLIDEIN_", "POOL"))}
    done = commands.run(words, check=False, env=clean)
    assert done.returncode == 20
    for word in ("--site", "--resource", "--pool", "--cpus", "is empty", "/nowhere"):
        assert word in done.stderr


def test_explain_gives_a_reason_for_every_security_option(site: Operator, pool_info: PoolInfo) -> None:
    words = [OSPILOT, "run", "--pool", pool_info.address, "--site", "S", "--resource", "R"]
    done = commands.run(
        [*words, "--token", str(site.token), "--explain"], env={**os.environ, "COLUMNS": "200"}
    )
    for option in ("seccomp=unconfined", "unmask=ALL", "no-new-privileges", "--cap-drop=ALL", "--device"):
        [row] = [line for line in done.stdout.splitlines() if option in line and "\\" not in line]
        assert len(row.split()) > 5, f"{option} has no reason"


def test_the_demo_runs_twelve_jobs_as_told_and_leaves_nothing(podman: Podman) -> None:
    before = _managed(podman)
    done = commands.run([OSPILOT, "demo", "--json"], timeout=240)
    said = json.loads(done.stdout)
    assert len(said["jobs"]) == 12
    assert sorted(job["exit_code"] for job in said["jobs"]) == [0] * 11 + [3]
    assert len({str(job["host"]).split("@", 1)[1] for job in said["jobs"]}) == 2
    assert _managed(podman) == before


def test_ctrl_c_in_the_middle_of_the_demo_leaves_nothing(podman: Podman, tmp_path: Path) -> None:
    before = _managed(podman)
    with (tmp_path / "log").open("wb") as log:
        demo = subprocess.Popen([OSPILOT, "demo"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
        try:
            wait_for("the demo has started containers", lambda: len(_managed(podman) - before) >= 2)
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) != 0
        finally:
            demo.kill()
    assert _managed(podman) == before
