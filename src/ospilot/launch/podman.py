"""Podman: a ContainerSpec as its command line, and the few engine commands that we use."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ospilot import commands
from ospilot.commands import Finished
from ospilot.host.quirks import HostQuirks
from ospilot.launch.spec import ContainerSpec

MANAGED_LABEL = "org.ospilot.managed"
"""Every container that ospilot starts carries this label; its value says for what."""

LIMIT = 20000
"""Files and processes where the engine may not raise its own limits (quirk CAP_SYS_RESOURCE)."""

WHY = {
    "--security-opt=seccomp=unconfined": "Apptainer makes user namespaces and mounts for each job; the "
    "engine's default filter forbids both to an unprivileged process",
    "--security-opt=unmask=ALL": "a job's own PID namespace needs its own /proc, which the kernel allows "
    "only where the outer /proc is not masked",
    "--security-opt=no-new-privileges": "nothing in the container can gain rights through a setuid program",
    "--cap-drop=ALL": "the pilot needs no capability at all",
    "--device": "images in SIF format are mounted through FUSE",
    "--network=host": "the pool reaches the pilot at this host's own address; no port is published",
    "--user": "the pilot runs as an ordinary user and refuses root",
    "--userns": "your own user appears as the pilot's user inside, so that it can read your files",
    "--stop-timeout": "the engine waits this long after SIGTERM before it kills; the pilot uses the time to "
    "let jobs finish",
    "--runtime": "this host mixes cgroups v1 and v2, which only runc accepts",
    "--ulimit": "this host's engine may not raise limits, so they are named",
}
"""Why each option of the command line is there; ``ospilot run --explain`` prints it."""


def run_argv(spec: ContainerSpec, quirks: HostQuirks, *, rootless: bool) -> list[str]:
    """Given a container and the host's quirks, return the podman command line that runs it. Pure."""
    argv = ["podman"]
    if quirks.hybrid_cgroups:
        argv.append("--runtime=runc")
    argv += ["run", f"--name={spec.name}", "--network=host"]
    argv += ["--detach"] if spec.detach else []
    argv += ["--rm"] if spec.remove else []
    argv += ["--interactive", "--tty"] if spec.interactive else []
    if quirks.no_sys_resource and not rootless:
        argv += [f"--ulimit=nofile={LIMIT}:{LIMIT}", f"--ulimit=nproc={LIMIT}:{LIMIT}"]
    argv += _rights(spec, rootless=rootless)
    if spec.cpus is not None:
        argv.append(f"--cpus={spec.cpus:g}")
    if spec.memory_mb is not None:
        argv.append(f"--memory={spec.memory_mb}m")
    if spec.stop_grace is not None:
        argv.append(f"--stop-timeout={spec.stop_grace}")
    argv += [f"--label={key}={value}" for key, value in sorted(spec.labels.items())]
    for mount in spec.mounts:
        argv.append(f"--volume={mount.source}:{mount.target}" + (":ro" if mount.read_only else ""))
    argv += [f"--env={key}={value}" for key, value in spec.environment.items()]
    if spec.entrypoint is not None:
        argv.append(f"--entrypoint={spec.entrypoint}")
    return [*argv, spec.image, *spec.command]


def _rights(spec: ContainerSpec, *, rootless: bool) -> list[str]:
    argv = []
    if spec.user is not None:
        argv.append(f"--user={spec.user}")
        if rootless and spec.user == "osg":
            argv.append("--userns=keep-id:uid=1000,gid=1000")
    if spec.nested_containers:
        argv += [
            "--security-opt=seccomp=unconfined",
            "--security-opt=unmask=ALL",
            "--security-opt=no-new-privileges",
        ]
    if spec.drop_capabilities:
        argv.append("--cap-drop=ALL")
    argv += [f"--device={source}:{target}" for source, target in spec.devices]
    return argv


def explain(argv: Sequence[str]) -> list[tuple[str, str]]:
    """Given a podman command line, return each option that needs a reason, with its reason."""
    explained = []
    for word in argv:
        reason = WHY.get(word) or WHY.get(word.split("=", 1)[0])
        if reason:
            explained.append((word, reason))
    return explained


@dataclass(frozen=True)
class Podman:
    """The podman of this host, with its quirks."""

    quirks: HostQuirks = field(default_factory=HostQuirks)

    @property
    def rootless(self) -> bool:
        """Whether podman runs as an ordinary user here."""
        return os.geteuid() != 0

    def argv(self, *words: str) -> list[str]:
        """Return a podman command line for this host."""
        return ["podman", *(["--runtime=runc"] if self.quirks.hybrid_cgroups else []), *words]

    def run_argv(self, spec: ContainerSpec) -> list[str]:
        """Return the command line that runs a container here."""
        return run_argv(spec, self.quirks, rootless=self.rootless)

    def run(self, spec: ContainerSpec, *, timeout: float = 120.0, check: bool = True) -> Finished:
        """Run a container to its end, or to its start when it is detached; raise CommandError if it fails."""
        return commands.run(self.run_argv(spec), timeout=timeout, check=check)

    def exec(
        self,
        name: str,
        *words: str,
        user: str | None = None,
        timeout: float = 60.0,
        check: bool = True,
        stdin: str | bytes | None = None,
    ) -> Finished:
        """Run a command inside a running container; raise CommandError if it fails."""
        argv = self.argv("exec", *(["--interactive"] if stdin is not None else []))
        argv += [f"--user={user}"] if user else []
        return commands.run([*argv, name, *words], timeout=timeout, check=check, stdin=stdin)

    def stop(self, name: str, *, grace: int | None = None, timeout: float = 120.0) -> None:
        """Send SIGTERM to a container, wait, kill it after its grace (seconds); no error if it is gone."""
        words = ["stop", "--ignore", *([f"--time={grace}"] if grace is not None else []), name]
        commands.run(self.argv(*words), timeout=timeout)

    def remove(self, name: str) -> None:
        """Remove a container and kill what still runs in it; no error if it is gone."""
        commands.run(self.argv("rm", "--force", "--ignore", "--time=0", "--volumes", name), timeout=60)

    def logs(self, name: str) -> str:
        """Return what a container has printed, both streams."""
        done = commands.run(self.argv("logs", name), check=False)
        return done.stdout + done.stderr

    def wait(self, name: str, *, timeout: float = 120.0) -> int:
        """Wait for a container to end and return its exit code."""
        return int(commands.run(self.argv("wait", name), timeout=timeout).stdout.strip())

    def containers(self, label: str) -> list[dict[str, Any]]:
        """Return podman's description of every container, running or not, that carries a label."""
        done = commands.run(self.argv("ps", "--all", "--format=json", f"--filter=label={label}"))
        found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
        return found

    def running(self, name: str) -> bool:
        """Return whether a container of this name runs now."""
        done = commands.run(
            self.argv("container", "inspect", "--format={{.State.Running}}", name), check=False
        )
        return done.returncode == 0 and done.stdout.strip() == "true"

    def exit_code(self, name: str) -> int | None:
        """Return the exit code of a container that has ended and was kept, or None."""
        done = commands.run(
            self.argv("container", "inspect", "--format={{.State.Status}} {{.State.ExitCode}}", name),
            check=False,
        )
        status, _, code = done.stdout.strip().partition(" ")
        return int(code) if done.returncode == 0 and status == "exited" else None

    def image_labels(self, image: str) -> dict[str, str] | None:
        """Return the labels of an image on this host, or None where there is no such image."""
        done = commands.run(self.argv("image", "inspect", "--format={{json .Labels}}", image), check=False)
        if done.returncode != 0:
            return None
        labels: dict[str, str] | None = json.loads(done.stdout)
        return labels or {}
