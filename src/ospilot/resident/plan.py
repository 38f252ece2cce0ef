"""The finished plan as the resident process gets it: plain data, read from a JSON file."""

from __future__ import annotations

from ospilot.resident.record import Record


class ResidentPlan(Record):
    """All that the resident process needs to know; times in seconds, paths absolute."""

    pilot: str
    """The pilot's name, which is also its startd's name in the pool."""
    slot: str
    """The name of its partitionable slot in the collector."""
    pool: str
    directory: str
    master: list[str]
    environment: dict[str, str]
    idle_seconds: float
    stop_grace: float
    detailed_exit_codes: bool
    lock: int | None = None
    """The descriptor that holds the lock of the directory, inherited from the process that prepared it."""

    @property
    def status_directory(self) -> str:
        """Where the attributes and the FIFO are."""
        return f"{self.directory}/status"

    @property
    def log_directory(self) -> str:
        """HTCondor's LOG."""
        return f"{self.directory}/log"

    @property
    def execute_directory(self) -> str:
        """HTCondor's EXECUTE: one ``dir_PID`` for each job that runs."""
        return f"{self.directory}/execute"

    def to_json(self) -> str:
        """Return the plan as JSON. For the process that prepares; the resident one never imports json."""
        import json  # noqa: PLC0415 - see parse

        return json.dumps(self.values())

    @staticmethod
    def from_json(text: str) -> ResidentPlan:
        """Given what to_json returned, return the plan; raise ValueError for anything else."""
        values = parse(text)
        if not isinstance(values, dict):
            raise TypeError("a plan is a JSON object")
        return ResidentPlan(**values)


class _Scanner:
    """What json's C scanner asks of its context."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner's own


def parse(text: str) -> object:
    """Given JSON, return it as Python's plain data; raise ValueError for anything else.

    The package json imports regular expressions, 1.7 MB for as long as the pilot lives; its C scanner alone
    does not. A Python without that scanner pays for the package.
    """
    try:
        from _json import make_scanner  # noqa: PLC0415 - not in every Python
    except ImportError:
        import json  # noqa: PLC0415 - see above

        return json.loads(text)
    try:
        value, end = make_scanner(_Scanner)(text, 0)  # type: ignore[arg-type]
    except StopIteration as error:
        raise ValueError("no JSON") from error
    if text[end:].strip():
        raise ValueError("more than one JSON value")
    return value
