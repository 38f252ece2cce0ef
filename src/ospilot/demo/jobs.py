"""The demo's twelve jobs: three kinds, four of each, one of which fails on purpose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

FAILURE = 3
"""The exit code of the job that fails on purpose: not one that a shell or HTCondor would choose."""


@dataclass(frozen=True)
class Kind:
    """One way to bring a job its software."""

    name: str
    image: str | None
    exit_codes: tuple[int, ...]

    @property
    def submit_file(self) -> str:
        """The name of the kind's submit file."""
        return f"{self.name}.sub"

    def expected(self) -> dict[str, int]:
        """Return by name the exit code that each job of this kind should end with."""
        return {f"{self.name}-{number}": code for number, code in enumerate(self.exit_codes, start=1)}

    def submit_text(self) -> str:
        """Return the HTCondor submit file of this kind's jobs."""
        container = [] if self.image is None else ["universe = container", f"container_image = {self.image}"]
        lines = [
            *container,
            "executable = hello.sh",
            f"arguments = {self.name} $(number) $(code)",
            f"description = {self.name}-$(number)",
            f"output = {self.name}-$(number).out",
            f"error = {self.name}-$(number).err",
            "log = demo.log",
            "request_cpus = 1",
            "request_memory = 128",
            "request_disk = 50MB",
            "queue number, code from (",
            *(f"  {number} {code}" for number, code in enumerate(self.exit_codes, start=1)),
            ")",
        ]
        return "\n".join(lines) + "\n"


KINDS = (
    Kind("plain", None, (0, 0, 0, FAILURE)),
    Kind("sif", "box.sif", (0, 0, 0, 0)),
    Kind("sandbox", "box", (0, 0, 0, 0)),
)


def expected_codes() -> dict[str, int]:
    """Return by name the exit code that each job of the demo should end with."""
    return {name: code for kind in KINDS for name, code in kind.expected().items()}


def files() -> Mapping[str, bytes]:
    """Return by name the files that the jobs are submitted with; the images are made by ``images_script``."""
    return {
        "hello.sh": _file("hello.sh"),
        **{kind.submit_file: kind.submit_text().encode() for kind in KINDS},
    }


def images_script() -> str:
    """Return the shell script that makes the images in the folder of the jobs."""
    return _file("images.sh").decode()


def _file(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()
