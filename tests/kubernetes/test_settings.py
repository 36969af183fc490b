"""The manifests set only flags and variables that the binary's --help lists."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest
from cluster import SERVICES
from rendering import RENDERED, rendered

BINARIES = Path(os.environ["POSTERN_BIN"]).parent
# The SDK of OpenTelemetry reads its own variables, which are not in --help.
OPENTELEMETRY = {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}


def help_of(binary: str) -> str:
    command = [BINARIES / binary, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


@functools.cache
def known(binary: str) -> set[str]:
    """The flags and variables of a binary."""
    text = help_of(binary)
    flags, variables = re.findall(r"^\s+(?:-\w, )?(--[a-z-]+)", text, re.M), re.findall(r"\[env: (\w+)=", text)
    assert len(flags) > 5 and len(variables) > 5, text
    return {*flags, *variables}


@pytest.mark.parametrize("overlay", RENDERED)
def test_a_service_knows_all_that_it_is_told(overlay: str) -> None:
    for pod in rendered(overlay).services():
        told = set(pod.environment()) | {
            argument.split("=")[0] for argument in pod.service.get("args", [])
        }
        assert told - OPENTELEMETRY - known(pod.name) == set(), pod.name
        # test_pods.py starts the binaries, which shows whether a required setting is missing.
        assert len(told) > 10, pod.name


def test_no_variable_is_told_twice() -> None:
    for overlay in RENDERED:
        for pod in rendered(overlay).services():
            names = [variable["name"] for variable in pod.service["env"]]
            assert len(names) == len(set(names)), pod.name


def test_what_no_binary_knows_is_noticed() -> None:
    for service in SERVICES:
        assert "POSTERN_DRAIN_DELAY" in known(service)
        assert "POSTERN_DRAIN_DELAI" not in known(service)
    assert "POSTERN_PEPPERS" not in known("journey-runner")
