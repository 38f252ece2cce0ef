"""PilotPlan: every decision about one pilot, made from settings and facts before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ospilot.condor.text import assignments, classad_string, config_value, host_label
from ospilot.errors import ExitCode, Problem
from ospilot.host.facts import Figure, HostFacts, Isolation
from ospilot.resident.life import StopTimes
from ospilot.resident.plan import ResidentPlan
from ospilot.settings.model import Settings
from ospilot.tokens.judge import Token

DAEMONS_MEMORY_MB = 150
"""Memory kept back for HTCondor's daemons and the pilot itself (measured: some 60 MB without jobs)."""

_LOOPBACK = re.compile(r"127(?:\.[0-9]{1,3}){3}")

PASSED_ON = ("PATH", "LANG", "TZ", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables of the container that HTCondor's daemons keep, beside ``_CONDOR_*``; all others end here."""


@dataclass(frozen=True)
class Decision:
    """One decision: what, the value, and where it comes from."""

    what: str
    value: str
    why: str


@dataclass(frozen=True)
class PilotPlan:
    """A pilot that is ready to be prepared; printable, and changing nothing by itself."""

    resident: ResidentPlan
    decisions: tuple[Decision, ...]
    condor_config: str
    tokens: tuple[Token, ...]

    @property
    def directory(self) -> str:
        """The pilot's own directory under the scratch directory."""
        return self.resident.directory


def problems(settings: Settings, facts: HostFacts) -> list[Problem]:
    """Return what about this machine makes these settings impossible."""
    found = []
    if facts.uid == 0:
        found.append(
            Problem(
                "user",
                "root",
                "the pilot runs other people's jobs and never runs as root",
                "start the container as its user: --user osg",
                ExitCode.PRIVILEGE,
            )
        )
    elif facts.isolation is Isolation.NONE and settings.isolation != "none":
        found.append(_no_wall(facts))
    elif facts.isolation is Isolation.PARTIAL and settings.isolation == "required":
        found.append(
            Problem(
                "OSPILOT_ISOLATION",
                "required",
                f"this container allows no PID namespaces: {facts.isolation_detail}",
                "podman: --security-opt unmask=ALL; docker: --security-opt systempaths=unconfined",
                ExitCode.PRIVILEGE,
            )
        )
    return found


def _no_wall(facts: HostFacts) -> Problem:
    return Problem(
        "isolation",
        "none",
        f"jobs could read the pilot's token: {facts.isolation_detail}",
        "allow user namespaces: --security-opt seccomp=unconfined and, for PID namespaces, podman's "
        "--security-opt unmask=ALL or docker's --security-opt systempaths=unconfined (on the host: sysctl "
        "user.max_user_namespaces); or OSPILOT_ISOLATION=none, if all jobs are your own",
        ExitCode.PRIVILEGE,
    )


def make(
    settings: Settings,
    facts: HostFacts,
    tokens: tuple[Token, ...],
    *,
    unique: str,
    environ: Mapping[str, str],
) -> PilotPlan:
    """Given settings, facts and tokens, return the plan of a pilot; ``unique`` tells it from all others.

    Pure: the same arguments give the same plan.
    """
    pilot = f"ospilot-{unique}"
    directory = f"{settings.scratch.rstrip('/')}/osgvo-pilot-{unique}"
    # ospool's rule: RESOURCE.HOST, or RESOURCE.RANDOM.HOST for containers that share a host name.
    parts = [settings.resource, *([unique] if settings.randomize_name else []), facts.hostname]
    machine = ".".join(host_label(part) for part in parts)
    cpus = Figure(settings.num_cpus, "NUM_CPUS") if settings.num_cpus else facts.cpus
    memory = _memory(settings, facts)
    # The wall is as high as the host allows, unless the operator asked for none.
    isolation = Isolation.NONE if settings.isolation == "none" else facts.isolation
    loopback = _is_loopback(settings.pool)
    times = StopTimes.within(settings.stop_grace)
    decisions = (
        Decision("pool", settings.pool, "POOL"),
        Decision("token", _tokens(tokens), "for this pool's collector"),
        Decision("name", f"slot1@{pilot}@{machine}", "unique, so that pilots never take each other's place"),
        Decision("CPUs", str(cpus.amount), cpus.source),
        Decision("memory", f"{memory.amount} MB", memory.source),
        Decision("disk", f"{facts.disk_free_mb} MB free", f"file system of {settings.scratch}"),
        Decision("isolation", isolation.value, isolation.meaning),
        Decision("SIF images", "yes" if facts.fuse else "no", _fuse(facts)),
        Decision(
            "idle", f"leaves after {settings.accept_idle_minutes:g} min without jobs", "ACCEPT_IDLE_MINUTES"
        ),
        Decision(
            "stop",
            f"jobs run on for {times.vacate:g} s, are vacated, all is gone within {settings.stop_grace} s",
            "OSPILOT_STOP_GRACE",
        ),
        Decision("directory", directory, "removed when the pilot leaves"),
    )
    config = {
        "LOCAL_DIR": config_value(directory),
        "LOG": "$(LOCAL_DIR)/log",
        "SPOOL": "$(LOCAL_DIR)/spool",
        "EXECUTE": "$(LOCAL_DIR)/execute",
        "LOCK": "$(LOCAL_DIR)/lock",
        "RUN": "$(LOCAL_DIR)/run",
        "SEC_TOKEN_DIRECTORY": "$(LOCAL_DIR)/tokens.d",
        "SEC_PASSWORD_DIRECTORY": "$(LOCAL_DIR)/passwords.d",
        "CONDOR_HOST": config_value(settings.pool),
        "COLLECTOR_HOST": "$(CONDOR_HOST)",
        "NETWORK_HOSTNAME": config_value(machine),
        "MASTER_NAME": pilot,
        "STARTD_NAME": pilot,
        # Pilots and access points may share a host name; jobs must never take its files for their own.
        "FILESYSTEM_DOMAIN": f"{pilot}.{config_value(machine)}",
        "UID_DOMAIN": "$(FILESYSTEM_DOMAIN)",
        "ALLOW_ADMINISTRATOR": f"{config_value(facts.user)}@$(UID_DOMAIN)",
        **({"NETWORK_INTERFACE": "127.0.0.1", "BIND_ALL_INTERFACES": "False"} if loopback else {}),
        "NUM_CPUS": str(cpus.amount),
        "MEMORY": str(memory.amount),
        "OSPILOT_CONTAINED": str(isolation is not Isolation.NONE),
        **({"SINGULARITY_USE_PID_NAMESPACES": "False"} if isolation is Isolation.PARTIAL else {}),
        # The pilot decides about idleness; HTCondor is the backstop should the pilot be stuck.
        "STARTD_NOCLAIM_SHUTDOWN": str(int(settings.accept_idle_minutes * 60) + 120),
        "SHUTDOWN_GRACEFUL_TIMEOUT": str(settings.stop_grace),
        "SHUTDOWN_FAST_TIMEOUT": str(settings.stop_grace),
        "GLIDEIN_Site": config_value(classad_string(settings.site)),
        "GLIDEIN_ResourceName": config_value(classad_string(settings.resource)),
        "IsOsgVoContainer": "True",
        "OSPilotIsolation": classad_string(isolation.value),
        "STARTD_ATTRS": "$(STARTD_ATTRS) GLIDEIN_Site GLIDEIN_ResourceName IsOsgVoContainer OSPilotIsolation",
    }
    resident = ResidentPlan(
        pilot=pilot,
        slot=f"slot1@{pilot}@{machine}",
        pool=settings.pool,
        directory=directory,
        master=["condor_master", "-f"],
        environment=_environment(environ, directory),
        idle_seconds=settings.accept_idle_minutes * 60,
        stop_grace=settings.stop_grace,
        detailed_exit_codes=settings.exit_codes == "detailed",
    )
    return PilotPlan(resident, decisions, assignments(config), tokens)


def _memory(settings: Settings, facts: HostFacts) -> Figure:
    if settings.memory_mb:
        return Figure(settings.memory_mb, "MEMORY")
    left = max(1, facts.memory_mb.amount - DAEMONS_MEMORY_MB)
    return Figure(left, f"{facts.memory_mb.source}, less {DAEMONS_MEMORY_MB} MB for the daemons")


def _is_loopback(pool: str) -> bool:
    host = pool.rpartition(":")[0].lower()
    return host == "localhost" or _LOOPBACK.fullmatch(host) is not None


def _tokens(tokens: tuple[Token, ...]) -> str:
    return ", ".join(f"{token.subject or 'no subject'} (from {token.issuer})" for token in tokens)


def _fuse(facts: HostFacts) -> str:
    return "/dev/fuse can be used" if facts.fuse else "/dev/fuse is missing or closed: add --device /dev/fuse"


def _environment(environ: Mapping[str, str], directory: str) -> dict[str, str]:
    kept = {
        name: value for name, value in environ.items() if name in PASSED_ON or name.startswith("_CONDOR_")
    }
    kept.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return {**kept, "HOME": directory, "PILOT_CONFIG_FILE": f"{directory}/condor_config.pilot"}
