"""Settings: every option of the pilot, defined once with its name, type, unit, default and reason.

The names and meanings are those of the existing system (contract section 1); options of our own start with
``OSPILOT_``. An empty value counts as not set, since launchers write ``NAME=`` for what they do not use.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from ospilot.errors import ConfigurationError, Problem

TRUE_WORDS = frozenset({"y", "yes", "t", "true", "on", "1"})
"""Spellings of true that the existing system accepts, in any case (contract section 1)."""
FALSE_WORDS = frozenset({"n", "no", "f", "false", "off", "0"})
"""Spellings of false; the existing system takes any other word for false, which hides typing errors."""

OUR_NAMES = ("GLIDEIN_", "OSPILOT_", "ACCEPT_")
"""Prefixes whose unknown variables are misspellings, since nobody else uses them."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_POOL = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[0-9]{{1,5}}))?")
_PATH = re.compile(r"/[A-Za-z0-9._+,=@/-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
DEFAULT_COLLECTOR_PORT = 9618
"""HTCondor's COLLECTOR_PORT."""
LAST_PORT = 65535
MOST_CPUS = 65536
MOST_MEMORY_MB = 1 << 30
"""A pebibyte: more is a slip of the unit."""
MOST_IDLE_MINUTES = 366 * 24 * 60
"""A year: more would overflow HTCondor's counters."""


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a line break or another control character")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("is not UTF-8 text")
    return value


def _path(value: str) -> str:
    # HTCondor hands the path on in argument lists, which have no quotes for it.
    if not _PATH.fullmatch(value):
        raise ValueError("is no absolute path of letters, digits and the characters . _ + , = @ / -")
    return value


def _pool(value: str) -> str:
    match = _POOL.fullmatch(value)
    if match is None or ("." not in value and ":" not in value and value != "localhost"):
        raise ValueError("is not host:port of a central manager (named pools are not known to this version)")
    port = int(match["port"] or DEFAULT_COLLECTOR_PORT)
    if not 0 < port <= LAST_PORT:
        raise ValueError(f"has a port outside 1 to {LAST_PORT}")
    return f"{match['host']}:{port}"


def _boolean(value: object) -> object:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    if isinstance(word, bool):
        return word
    raise ValueError("is neither true (yes, true, on, 1) nor false (no, false, off, 0)")


OneLine = Annotated[str, AfterValidator(_one_line)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]


class Settings(BaseModel):
    """The options that one pilot was given; frozen, so that every decision can point back at them."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="forbid", hide_input_in_errors=True)

    site: OneLine = Field(
        alias="GLIDEIN_Site",
        description="The site that is credited with the work, as registered with the pool.",
        examples=["MyUniversity"],
    )
    resource: OneLine = Field(
        alias="GLIDEIN_ResourceName",
        description="The resource of that site which this computer belongs to, as registered with the pool.",
        examples=["MyUniversity-Cluster"],
    )
    pool: Annotated[str, AfterValidator(_pool)] = Field(
        alias="POOL",
        description="The pool to join: host or host:port of its central manager.",
        examples=["cm.example.org:9618"],
    )
    token: SecretStr | None = Field(
        default=None,
        alias="TOKEN",
        description="The pool's IDTOKEN itself. A file in /etc/condor/tokens-orig.d is safer: it shows in no "
        "process environment and can be renewed while the pilot runs.",
    )
    num_cpus: Annotated[int, Field(ge=1, le=MOST_CPUS)] | None = Field(
        default=None,
        alias="NUM_CPUS",
        description="CPUs to offer to jobs. Unset: what the container's limits leave, else the machine's.",
        examples=["8"],
    )
    memory_mb: Annotated[int, Field(ge=1, le=MOST_MEMORY_MB)] | None = Field(
        default=None,
        alias="MEMORY",
        description="Memory to offer to jobs, in MB. Unset: the container's limit or the machine's memory, "
        "less what the daemons need.",
        examples=["16384"],
    )
    accept_idle_minutes: Annotated[float, Field(gt=0, le=MOST_IDLE_MINUTES, allow_inf_nan=False)] = Field(
        default=30,
        alias="ACCEPT_IDLE_MINUTES",
        description="Minutes without a job after which the pilot leaves. The default is the existing system's.",
        examples=["30"],
    )
    randomize_name: Boolean = Field(
        default=False,
        alias="GLIDEIN_RANDOMIZE_NAME",
        description="Put ten random characters into the machine's name, for containers that share a host name.",
        examples=["yes"],
    )
    scratch: Annotated[str, AfterValidator(_path)] = Field(
        default="/pilot",
        alias="OSPILOT_SCRATCH",
        description="The directory for job scratch and the pilot's state. The default is the existing system's "
        "mount point.",
        examples=["/pilot"],
    )
    stop_grace: Annotated[int, Field(ge=1, le=7 * 86400)] = Field(
        default=10,
        alias="OSPILOT_STOP_GRACE",
        description="Seconds between a stop request and the moment the launcher kills the container. The "
        "default is what a plain 'docker stop' gives.",
        examples=["120"],
    )
    isolation: Literal["auto", "required", "none"] = Field(
        default="auto",
        alias="OSPILOT_ISOLATION",
        description="The wall around each job. auto: the best this host allows, refusing to start without one; "
        "required: only with PID namespaces; none: no wall (jobs can read the pilot's token).",
        examples=["auto"],
    )
    exit_codes: Literal["plain", "detailed"] = Field(
        default="plain",
        alias="OSPILOT_EXIT_CODES",
        description="plain: 0 for every planned end; detailed: 10 idle, 11 retired, 40 drained.",
        examples=["detailed"],
    )


def variables() -> dict[str, Any]:
    """Return every option by the name of its environment variable, with pydantic's field description."""
    return {str(field.alias): field for field in Settings.model_fields.values()}


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Given an environment, return the settings in it.

    Raise ConfigurationError with every problem at once: missing, malformed and misspelt variables.
    """
    known = variables()
    given = {name: environ[name].strip() for name in known if environ.get(name, "").strip()}
    problems = _misspelt(environ, known)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems += [
            _problem(str(item["loc"][0]), given, item["type"], item["msg"], known)
            for item in error.errors(include_url=False, include_input=False)
        ]
    if problems:
        raise ConfigurationError(problems)
    return settings


def _problem(
    name: str, given: Mapping[str, str], kind: str, message: str, known: Mapping[str, Any]
) -> Problem:
    examples = known[name].examples or ["..."]
    if kind == "missing":
        return Problem(name, None, "is not set", f"set it, for example {name}={examples[0]}")
    reason = message.removeprefix("Value error, ")
    reason = reason[0].lower() + reason[1:]
    value = None if name == "TOKEN" else given.get(name)
    return Problem(name, value, reason, f"give a value such as {name}={examples[0]}")


def _misspelt(environ: Mapping[str, str], known: Mapping[str, Any]) -> list[Problem]:
    """Report variables of our own prefixes that nobody knows but that are nearly a known name."""
    unknown = [
        name
        for name in sorted(environ)
        if name not in known and name.upper().startswith(OUR_NAMES) and environ[name].strip()
    ]
    if not unknown:
        return []
    import difflib  # noqa: PLC0415 - only for a misspelling: every start would pay for it

    lowered = {name.lower(): name for name in known}
    problems = []
    for name in unknown:
        near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.85)
        if near and not environ.get(lowered[near[0]], "").strip():
            fix = f"did you mean {lowered[near[0]]}?"
            problems.append(Problem(name, environ[name], "is no known variable", fix))
    return problems
