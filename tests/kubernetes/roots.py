"""Fills the root of an image that cannot be pulled: programs of this machine with their libraries."""

import re
import shutil
import subprocess
from pathlib import Path

# What an image of Redis has, with the programs that the scripts of deploy/ use.
REDIS = (
    "redis-server", "redis-cli", "sh", "sed", "head", "grep", "cat", "sleep", "hostname", "mkdir", "mv", "tr",
    "getent", "awk",
)


def libraries(binary: Path) -> list[Path]:
    """The libraries of a program. One that is linked statically has none."""
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    return [Path(it) for it in re.findall(r"(/\S+) \(0x", listed)]


def add_libraries(root: Path, binary: Path) -> None:
    for file in libraries(binary):
        target = root / str(file)[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def add_programs(root: Path, programs: tuple[str, ...]) -> None:
    """Adds programs, with a link in each folder in which scripts look for them."""
    for program in programs:
        binary = Path(shutil.which(program)).resolve()
        add_libraries(root, binary)
        first = root / str(binary.parent)[1:] / program
        first.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(binary, first)
        for folder in ("bin", "usr/bin", "usr/local/bin"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            if not (root / folder / program).exists():
                (root / folder / program).hardlink_to(first)
