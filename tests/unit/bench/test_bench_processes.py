"""What is read of processes, from files like the kernel's."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from bench.births import EVENT, HEADERS, PROC_EVENT_FORK, Births, fork_in
from bench.processes import Process, cpu_between, cpu_seconds, not_condor, tree

from ospilot.errors import NodeError

TICK = os.sysconf("SC_CLK_TCK")


def process(root: Path, pid: int, parent: int, name: str, *, pss_kib: int = 0, ticks: int = 0) -> None:
    folder = root / "proc" / str(pid)
    folder.mkdir(parents=True)
    times = f"0 0 {ticks} 0"
    (folder / "stat").write_text(f"{pid} ({name} (x)) S {parent} 1 1 0 -1 0 0 0 0 0 {times} 20 0 1 0")
    (folder / "comm").write_text(f"{name}\n")
    (folder / "schedstat").write_text("1500000000 1 1\n")
    (folder / "smaps_rollup").write_text(f"head\nRss: 9 kB\nPss: {pss_kib} kB\n")


def test_a_container_is_its_first_process_and_all_descendants(tmp_path: Path) -> None:
    process(tmp_path, 1, 0, "init")
    process(tmp_path, 10, 1, "tini")
    process(tmp_path, 11, 10, "python", pss_kib=1000, ticks=TICK)
    process(tmp_path, 12, 11, "condor_master")
    process(tmp_path, 13, 12, "condor_startd")
    process(tmp_path, 14, 13, "cat")
    process(tmp_path, 99, 1, "sshd")

    found = tree(10, root=tmp_path)

    assert [each.pid for each in found] == [10, 11, 12, 13, 14]
    assert [each.name for each in not_condor(found)] == ["tini", "python", "cat"]
    python = found[1]
    assert python.pss_mb == pytest.approx(1.024)
    assert (python.own_cpu, python.children_cpu) == (1.5, 1.0)


def test_cpu_between_two_looks_counts_newcomers_whole() -> None:
    before = [Process(1, "a", own_cpu=1.0, children_cpu=0.5, pss_mb=0)]
    after = [
        Process(1, "a", own_cpu=1.25, children_cpu=1.0, pss_mb=0),
        Process(2, "b", own_cpu=0.125, children_cpu=0, pss_mb=0),
    ]

    assert cpu_between(before, after) == pytest.approx(0.875)


def test_cpu_of_a_container_is_found_under_both_kinds_of_cgroups(tmp_path: Path) -> None:
    for pid, text in ((1, "9:name=systemd:/x\n4:cpu,cpuacct:/pod/c\n0::/other\n"), (2, "0::/pod/c\n")):
        (tmp_path / f"proc/{pid}").mkdir(parents=True)
        (tmp_path / f"proc/{pid}/cgroup").write_text(text)
    first, second = tmp_path / "sys/fs/cgroup/cpu,cpuacct/pod/c", tmp_path / "sys/fs/cgroup/pod/c"
    first.mkdir(parents=True)
    second.mkdir(parents=True)
    (first / "cpuacct.usage").write_text("2500000000\n")
    (second / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")

    assert cpu_seconds(1, root=tmp_path) == 2.5
    assert cpu_seconds(2, root=tmp_path) == 1.5


def test_only_processes_of_the_family_are_counted_and_no_threads() -> None:
    births = Births(10)

    births.fork(10, 11, 11)
    births.fork(11, 12, 11)  # a thread
    births.fork(11, 13, 13)
    births.fork(99, 14, 14)  # another family
    births.fork(14, 15, 15)

    assert births.count == 2


def test_the_kernel_message_of_a_fork_is_understood_and_others_are_not() -> None:
    headers = HEADERS.pack(76, 3, 0, 0, 0, 1, 1, 0, 0, 40, 0)
    fork = headers + EVENT.pack(PROC_EVENT_FORK, 0, 0, 7, 7, 8, 8)
    ended = headers + EVENT.pack(0x80000000, 0, 0, 7, 7, 8, 8)

    assert fork_in(fork) == (7, 8, 8)
    assert fork_in(ended) is None
    assert fork_in(struct.pack("=I", 1)) is None


def test_a_count_with_lost_reports_is_no_count() -> None:
    births = Births(10)
    births.lose(OSError(105, "No buffer space available"))

    with pytest.raises(NodeError, match="No buffer space"):
        _ = births.count
