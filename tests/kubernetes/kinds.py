"""The kinds that a cluster learns from others, and how it learns them."""

import os
from pathlib import Path
from typing import Callable

APPLY = ("apply", "--server-side")


def teach(kubectl: Callable[..., object]) -> None:
    """Applies every custom resource definition in the folders of LEARNT, and waits until they serve."""
    for folder in os.environ["LEARNT"].split(":"):
        files = sorted(it for it in Path(folder).glob("*.yaml") if is_definition(it))
        assert files, folder
        kubectl(*APPLY, *(word for file in files for word in ("-f", str(file))))
    kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")


def is_definition(file: Path) -> bool:
    return "kind: CustomResourceDefinition" in file.read_text()
