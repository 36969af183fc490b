"""The programs of the cluster, which ../run has built."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Program:
    """A running program with its log."""

    name: str
    log: Path
    process: subprocess.Popen

    @staticmethod
    def path(name: str) -> str:
        """Where a program is: in one of the folders of CLUSTER_PROGRAMS."""
        found = [Path(it) / name for it in os.environ["CLUSTER_PROGRAMS"].split(":") if (Path(it) / name).exists()]
        assert found, f"{name} is not built; run tests/cluster/run"
        return str(found[0])

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def tail(self) -> str:
        return f"{self.name}: {self.log.read_text()[-3000:]}\n"


def start(work: Path, name: str, flags: list[str], inside=lambda *it: list(it), at: str = "") -> Program:
    """Starts a program. `inside` puts it into the network of the node `at`."""
    log = work / "log" / f"{name}{at and '-' + at}.log"
    log.parent.mkdir(exist_ok=True)
    path = name if name == "containerd" else Program.path(name)
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(inside(path, *flags), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    return Program(name, log, process)
