"""The build context: what podman may copy into the image, gathered so that only content decides."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def assemble(target: Path, *, root: Path, wheels: Path, own: Path) -> None:
    """Given a checkout and two folders of wheels, make the folder ``target`` anew as the build context.

    Modes are 0755 or 0644 and times zero, whatever the checkout's umask and age, so that the engine's layer
    cache sees content and nothing else.
    """
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(root / "image", target)
    shutil.copy2(root / "src/ospilot/build/sif.py", target / "build/sif.py")
    shutil.copytree(wheels, target / "wheels")
    shutil.copytree(own, target / "own")
    # Empty where no policy is written yet; the Containerfile copies it in any case.
    (target / "files").mkdir(exist_ok=True)
    for path in sorted(target.rglob("*")):
        executable = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (0, 0))
