"""What the machine and the container's limits leave for jobs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ospilot.host.facts import Figure, Isolation, cpus, gather, memory_mb, probe_isolation

MIB = 1024 * 1024
NO_LIMIT_V1 = "9223372036854771712\n"
"""What the kernel writes where a cgroup v1 memory limit is not set."""


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def v1_quota(quota: str, folder: str = "cpu", period: str = "100000") -> dict[str, str]:
    base = f"sys/fs/cgroup/{folder}/cpu.cfs"
    return {f"{base}_quota_us": f"{quota}\n", f"{base}_period_us": f"{period}\n"}


@pytest.mark.parametrize(
    ("files", "amount", "source"),
    [
        ({}, 8, "this machine"),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 8, "this machine"),
        ({"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2, "cgroup quota of 2 CPUs"),
        ({"sys/fs/cgroup/cpu.max": "100000 50000\n"}, 2, "cgroup quota of 2 CPUs"),
        ({"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2, "cgroup quota of 2.5 CPUs"),
        ({"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1, "cgroup quota of 0.5 CPUs"),
        ({"sys/fs/cgroup/cpu.max": "1000 100000\n"}, 1, "cgroup quota of 0.01 CPUs"),
        ({"sys/fs/cgroup/cpu.max": "800000 100000\n"}, 8, "this machine"),
        ({"sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 8, "this machine"),
        (v1_quota("300000"), 3, "cgroup quota of 3 CPUs"),
        (v1_quota("150000", period="50000"), 3, "cgroup quota of 3 CPUs"),
        (v1_quota("300000", folder="cpu,cpuacct"), 3, "cgroup quota of 3 CPUs"),
        (v1_quota("-1"), 8, "this machine"),
        (v1_quota("0"), 8, "this machine"),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n"}, 8, "this machine"),
    ],
)
def test_a_cpu_quota_counts_where_it_is_smaller_than_the_machine(
    tmp_path: Path, files: dict[str, str], amount: int, source: str
) -> None:
    assert cpus(root=lay(tmp_path, files), machine=8, all_cpus=8) == Figure(amount, source)


def test_a_cpu_set_smaller_than_the_machine_is_what_can_be_offered(tmp_path: Path) -> None:
    found = cpus(root=tmp_path, machine=4, all_cpus=64)
    assert found == Figure(4, "CPU set of this container (of 64 in the machine)")


def test_the_smaller_of_cpu_set_and_quota_counts(tmp_path: Path) -> None:
    root = lay(tmp_path, {"sys/fs/cgroup/cpu.max": "300000 100000\n"})
    assert cpus(root=root, machine=4, all_cpus=64).amount == 3
    assert cpus(root=root, machine=2, all_cpus=64) == Figure(
        2, "CPU set of this container (of 64 in the machine)"
    )


MACHINE = {"proc/meminfo": "MemTotal:       16777216 kB\nMemFree:         1024 kB\nMemAvailable:  2048 kB\n"}
V1 = "sys/fs/cgroup/memory/memory.limit_in_bytes"


@pytest.mark.parametrize(
    ("files", "amount", "source"),
    [
        ({}, 16384, "this machine"),
        ({"sys/fs/cgroup/memory.max": "max\n"}, 16384, "this machine"),
        ({"sys/fs/cgroup/memory.max": f"{2048 * MIB}\n"}, 2048, "cgroup limit"),
        ({"sys/fs/cgroup/memory.max": f"{2048 * MIB + MIB - 1}\n"}, 2048, "cgroup limit"),
        ({"sys/fs/cgroup/memory.max": f"{16384 * MIB}\n"}, 16384, "this machine"),
        ({"sys/fs/cgroup/memory.max": f"{99999 * MIB}\n"}, 16384, "this machine"),
        ({V1: f"{512 * MIB}\n"}, 512, "cgroup limit"),
        ({V1: NO_LIMIT_V1}, 16384, "this machine"),
        ({"sys/fs/cgroup/memory.max": "max\n", V1: f"{512 * MIB}\n"}, 512, "cgroup limit"),
        ({"sys/fs/cgroup/memory.max": "\n"}, 16384, "this machine"),
    ],
)
def test_a_memory_limit_counts_where_it_is_smaller_than_the_machine(
    tmp_path: Path, files: dict[str, str], amount: int, source: str
) -> None:
    assert memory_mb(root=lay(tmp_path, {**MACHINE, **files})) == Figure(amount, source)


def test_a_scratch_that_is_not_there_has_no_room_and_is_no_accident(tmp_path: Path) -> None:
    root = lay(tmp_path, MACHINE)
    assert gather(scratch=tmp_path / "none", root=root).disk_free_mb == 0
    assert gather(scratch=tmp_path, root=root).disk_free_mb > 0


def test_facts_are_read_under_the_given_root(tmp_path: Path) -> None:
    root = lay(tmp_path, {**MACHINE, "sys/fs/cgroup/cpu.max": "10000 100000\n"})
    found = gather(scratch=tmp_path, root=root)
    assert found.memory_mb.amount == 16384
    assert found.cpus.amount == 1
    assert found.uid == os.getuid()
    assert found.fuse is False
    (root / "dev").mkdir()
    (root / "dev/fuse").touch()
    assert gather(scratch=tmp_path, root=root).fuse is True


def fake_unshare(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = directory / "unshare"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("script", "level", "words"),
    [
        ("exit 0", Isolation.FULL, "PID namespaces work"),
        (
            'case "$*" in *--pid*) echo first >&2; echo "mount failed" >&2; exit 1;; esac',
            Isolation.PARTIAL,
            "(mount failed)",
        ),
        ('echo "unshare failed: EPERM" >&2; exit 1', Isolation.NONE, "(unshare failed: EPERM)"),
    ],
)
def test_the_wall_is_as_high_as_the_kernel_lets_it_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, level: Isolation, words: str
) -> None:
    fake_unshare(tmp_path, monkeypatch, script)
    found, detail = probe_isolation()
    assert found is level
    assert words in detail


def test_without_the_program_that_probes_there_is_no_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found, detail = probe_isolation()
    assert found is Isolation.NONE
    assert "unshare" in detail


@pytest.mark.parametrize("level", list(Isolation))
def test_each_level_of_isolation_says_what_it_means(level: Isolation) -> None:
    assert "job" in level.meaning
