"""The oddities of some hosts that our containers and builds must work around, detected in this one place.

A normal host shows none of them, and nothing about it changes. Each quirk is named in one line of output by
the command that works around it.
"""

from __future__ import annotations

import email.utils
import os
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ospilot import commands
from ospilot.errors import CommandError, PrivilegeError

CAP_SYS_RESOURCE = 24
"""Number of the capability that raising limits needs (linux/capability.h)."""

CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables by which a site names its own certificate authority to Python tools."""


@dataclass(frozen=True)
class HostQuirks:
    """What is unusual about this host; the default value describes a normal one."""

    hybrid_cgroups: bool = False
    no_sys_resource: bool = False
    fuse_for_root_only: bool = False
    storage_on_overlay: bool = False
    private_ca: str | None = None

    def sentence(self) -> str:
        """Return the quirks and their work-arounds as one line; empty on a normal host."""
        parts = []
        if self.hybrid_cgroups:
            parts.append("cgroups v1 and v2 mixed (containers run with runc)")
        if self.no_sys_resource:
            parts.append("CAP_SYS_RESOURCE missing (container limits are set to 20000 files and processes)")
        if self.fuse_for_root_only:
            work_around = "pilots get a device node of their own" if os.geteuid() == 0 else "no SIF images"
            parts.append(f"/dev/fuse is for root only ({work_around})")
        if self.storage_on_overlay:
            parts.append("root is an overlay, as in a container (podman stores through fuse-overlayfs)")
        if self.private_ca:
            parts.append(f"a certificate authority of this site ({self.private_ca})")
        return "; ".join(parts)


def detect(*, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> HostQuirks:
    """Given the root of a file system and an environment, return this host's quirks."""
    return HostQuirks(
        hybrid_cgroups=_hybrid_cgroups(root),
        no_sys_resource=_no_sys_resource(root),
        fuse_for_root_only=_fuse_for_root_only(root),
        storage_on_overlay=_storage_on_overlay(root),
        private_ca=next((environ[name] for name in CA_VARIABLES if environ.get(name)), None),
    )


def _hybrid_cgroups(root: Path) -> bool:
    # crun refuses a v1 hierarchy with a v2 one beside it; runc takes it.
    cgroup = root / "sys/fs/cgroup"
    return (cgroup / "unified").is_dir() and not (cgroup / "cgroup.controllers").exists()


def _no_sys_resource(root: Path) -> bool:
    # Only root's engine sets limits above its own; a rootless engine keeps the user's.
    fields = dict(
        line.split(":", 1) for line in (root / "proc/self/status").read_text().splitlines() if ":" in line
    )
    effective_uid = int(fields["Uid"].split()[1])
    return effective_uid == 0 and not int(fields["CapEff"].strip(), 16) >> CAP_SYS_RESOURCE & 1


def _storage_on_overlay(root: Path) -> bool:
    """Return whether podman's storage would lie on an overlay, on which the kernel takes no second one."""
    mounts = {}
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        mounts[Path(before.split()[4])] = after.split()[0]
    store = Path("/var/lib/containers/storage")
    covering = next((path for path in (store, *store.parents) if path in mounts), None)
    return covering is not None and mounts[covering] == "overlay"


def _fuse_for_root_only(root: Path) -> bool:
    try:
        mode = (root / "dev/fuse").stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) and not mode & stat.S_IWOTH


def fuse_device(quirks: HostQuirks) -> str | None:
    """Return the device node to give to containers as /dev/fuse, or None where there is none for this user.

    On a host that keeps /dev/fuse for root, root gets a second node of the same device with the usual mode
    0666 (the kernel's fuse is made for ordinary users; only the node's mode differs), and the host's own node
    stays as it is.
    """
    if not Path("/dev/fuse").exists():
        return None
    if not quirks.fuse_for_root_only:
        return "/dev/fuse"
    if os.geteuid() != 0:
        # An ordinary user can neither use that node nor make another.
        return None
    node = Path("/run/ospilot/fuse")
    node.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not node.exists():
        os.mknod(node, stat.S_IFCHR | 0o666, Path("/dev/fuse").stat().st_rdev)
        node.chmod(0o666)
    return str(node)


PODMAN_DEFAULTS = Path("etc/containers/containers.conf.d/50-ospilot.conf")
PODMAN_STORAGE = Path("etc/containers/storage.conf")
"""Where podman reads what we had to change of its defaults on an odd host."""

WRITTEN_BY = "# Written by ospilot for this host: see src/ospilot/host/quirks.py\n"


def podman_files(quirks: HostQuirks) -> dict[Path, str]:
    """Return podman's configuration for an odd host, so that a plain ``podman run`` works on it; else nothing."""
    defaults = ""
    if quirks.no_sys_resource:
        defaults += '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]\n'
    if quirks.hybrid_cgroups:
        defaults += '[engine]\nruntime = "runc"\n'
    storage = ""
    if quirks.storage_on_overlay:
        storage += '[storage]\ndriver = "overlay"\nrunroot = "/run/containers/storage"\n'
        storage += 'graphroot = "/var/lib/containers/storage"\n'
        storage += '[storage.options.overlay]\nmount_program = "/usr/bin/fuse-overlayfs"\n'
    files = {PODMAN_DEFAULTS: defaults, PODMAN_STORAGE: storage}
    return {path: WRITTEN_BY + text for path, text in files.items() if text}


def write_podman_files(quirks: HostQuirks, *, root: Path = Path("/")) -> list[Path]:
    """Write podman's configuration for an odd host; return the files that are new.

    Only root's podman needs it. A file that is there is left alone, and a normal host gets none.
    """
    if os.geteuid() != 0:
        return []
    written = []
    for path, text in podman_files(quirks).items():
        target = root / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            written.append(target)
    return written


def stale_release(suite: str, *, now: float | None = None) -> bool:
    """Return whether this host's Debian mirror serves an expired Release file for a suite.

    Mirrors that are snapshots do; apt then refuses the suite unless told not to look at the date. A host
    without apt, or a mirror that does not answer, counts as normal: the build itself will then say why.
    """
    try:
        sites = commands.run(["apt-get", "indextargets", "--format", "$(SITE)"], check=False).stdout.split()
    except (CommandError, PrivilegeError):
        return False
    debian = next((site for site in sites if site.rstrip("/").endswith("/debian")), None)
    if debian is None or not debian.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{debian}/dists/{suite}/InRelease", timeout=20) as reply:  # noqa: S310
            head = reply.read(4096).decode(errors="replace")
    except (urllib.error.URLError, TimeoutError):
        return False
    for line in head.splitlines():
        if line.startswith("Valid-Until:"):
            until = email.utils.parsedate_to_datetime(line.split(":", 1)[1].strip().replace("UTC", "+0000"))
            return until.timestamp() < (time.time() if now is None else now)
    return False
