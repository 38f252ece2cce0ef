"""The oddities of hosts, seen in fake roots."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from ospilot.host.quirks import (
    CA_VARIABLES,
    HostQuirks,
    detect,
    podman_files,
    write_podman_files,
)

ALL = "000001ffffffffff"
WITHOUT_SYS_RESOURCE = f"{0x1FFFFFFFFFF & ~(1 << 24):016x}"
NO_CAPABILITIES = "0000000000000000"


def mount(root: Path, point: str, kind: str) -> None:
    with (root / "proc/self/mountinfo").open("a") as file:
        file.write(f"22 1 254:0 / {point} rw,relatime shared:1 - {kind} /dev/vda rw\n")


def fake_root(root: Path, *, uid: int = 0, capabilities: str = ALL) -> Path:
    status = root / "proc/self/status"
    status.parent.mkdir(parents=True)
    # The effective uid is the second of the four.
    status.write_text(
        f"Name:\tospilot: x\nState:\tR (running)\nUid:\t77\t{uid}\t88\t99\n"
        f"CapInh:\t{NO_CAPABILITIES}\nCapEff:\t{capabilities}\nCapBnd:\t{NO_CAPABILITIES}\n"
    )
    mount(root, "/", "ext4")
    cgroup = root / "sys/fs/cgroup"
    cgroup.mkdir(parents=True)
    (cgroup / "cgroup.controllers").write_text("cpu memory pids\n")
    return root


def test_a_normal_host_has_no_quirk_and_nothing_to_say(tmp_path: Path) -> None:
    found = detect(root=fake_root(tmp_path), environ={})
    assert found == HostQuirks()
    assert found.sentence() == ""


def test_cgroups_v2_alone_are_normal_even_with_a_group_named_unified(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "sys/fs/cgroup/unified").mkdir()
    assert not detect(root=root, environ={}).hybrid_cgroups


def test_cgroups_v1_alone_are_normal(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "sys/fs/cgroup/cgroup.controllers").unlink()
    (root / "sys/fs/cgroup/memory").mkdir()
    assert not detect(root=root, environ={}).hybrid_cgroups


def test_cgroups_v1_with_v2_beside_them_are_a_quirk(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "sys/fs/cgroup/cgroup.controllers").unlink()
    (root / "sys/fs/cgroup/unified").mkdir()
    found = detect(root=root, environ={})
    assert found == HostQuirks(hybrid_cgroups=True)
    assert "runc" in found.sentence()


@pytest.mark.parametrize(
    ("uid", "capabilities", "quirk"),
    [
        (0, ALL, False),
        (0, WITHOUT_SYS_RESOURCE, True),
        (0, NO_CAPABILITIES, True),
        (0, f"{1 << 24:016x}", False),
        (1000, NO_CAPABILITIES, False),
        (1000, WITHOUT_SYS_RESOURCE, False),
    ],
)
def test_a_missing_capability_is_a_quirk_only_for_root(
    tmp_path: Path, uid: int, capabilities: str, *, quirk: bool
) -> None:
    found = detect(root=fake_root(tmp_path, uid=uid, capabilities=capabilities), environ={})
    assert found == HostQuirks(no_sys_resource=quirk)
    assert ("CAP_SYS_RESOURCE" in found.sentence()) is quirk


@pytest.mark.parametrize("name", CA_VARIABLES)
def test_a_certificate_authority_of_the_site_is_seen_in_each_variable(tmp_path: Path, name: str) -> None:
    found = detect(root=fake_root(tmp_path), environ={name: "/etc/site-ca.pem"})
    assert found == HostQuirks(private_ca="/etc/site-ca.pem")
    assert "/etc/site-ca.pem" in found.sentence()


def test_an_empty_variable_names_no_certificate_authority(tmp_path: Path) -> None:
    environ = {"SSL_CERT_FILE": "", "CURL_CA_BUNDLE": "/b.pem"}
    assert detect(root=fake_root(tmp_path), environ=environ).private_ca == "/b.pem"


def test_a_fuse_device_that_everyone_may_use_is_normal(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "dev").mkdir()
    (root / "dev/fuse").symlink_to("/dev/null")
    assert not detect(root=root, environ={}).fuse_for_root_only


def test_a_plain_file_is_no_fuse_device(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    (root / "dev").mkdir()
    (root / "dev/fuse").touch(mode=0o600)
    assert not detect(root=root, environ={}).fuse_for_root_only


def test_each_quirk_has_its_own_part_of_the_sentence() -> None:
    every = HostQuirks(
        hybrid_cgroups=True,
        no_sys_resource=True,
        fuse_for_root_only=True,
        storage_on_overlay=True,
        private_ca="/site.pem",
    )
    assert every.sentence().count("; ") == 4


def test_a_root_on_an_overlay_is_a_quirk_unless_podman_stores_elsewhere(tmp_path: Path) -> None:
    root = fake_root(tmp_path)
    mount(root, "/", "overlay")
    assert detect(root=root, environ={}).storage_on_overlay
    mount(root, "/var/lib/containers", "ext4")
    assert not detect(root=root, environ={}).storage_on_overlay


def test_a_normal_host_gets_no_file_of_podmans(tmp_path: Path) -> None:
    assert podman_files(HostQuirks()) == {}
    assert write_podman_files(HostQuirks(), root=tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's podman needs the files")
def test_podmans_files_of_an_odd_host_are_written_once_and_never_over_others(tmp_path: Path) -> None:
    odd = HostQuirks(no_sys_resource=True, hybrid_cgroups=True, storage_on_overlay=True)
    (tmp_path / "etc/containers").mkdir(parents=True)
    (tmp_path / "etc/containers/storage.conf").write_text("the site's own\n")
    [written] = write_podman_files(odd, root=tmp_path)
    assert tomllib.loads(written.read_text())["engine"]["runtime"] == "runc"
    assert (tmp_path / "etc/containers/storage.conf").read_text() == "the site's own\n"
    assert write_podman_files(odd, root=tmp_path) == []


def test_podmans_files_are_toml() -> None:
    for quirks in (HostQuirks(no_sys_resource=True), HostQuirks(storage_on_overlay=True)):
        for text in podman_files(quirks).values():
            assert tomllib.loads(text)
