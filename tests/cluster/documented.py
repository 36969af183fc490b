"""Runs the commands of the pages in deploy/, as their readers type them."""

import os
import re
import subprocess
from pathlib import Path

from rendering import copy
from testbed.nodes import Testbed
from testbed.programs import Program

PAGES = Path(__file__).parents[2] / "deploy"


def block(page: str, begins: str) -> str:
    """The block of commands of a page that begins with this text."""
    text = (PAGES / page).read_text()
    found = [it for it in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.M | re.S) if it.lstrip().startswith(begins)]
    assert len(found) == 1, f"{len(found)} blocks of {page} begin with {begins!r}"
    return found[0]


def home(bed: Testbed) -> Path:
    """The home of the reader, in which the drawn secrets are."""
    folder = bed.work / "home"
    folder.mkdir(exist_ok=True)
    return folder


def run(bed: Testbed, script: str) -> str:
    """Runs a script at the root of a copy of the repository, as the cluster's administrator."""
    programs = Path(Program.path("kubectl")).parent
    access = {"KUBECONFIG": str(bed.plane.access("admin")), "HOME": str(home(bed))}
    environment = os.environ | access | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=copy().parent, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    return done.stdout
