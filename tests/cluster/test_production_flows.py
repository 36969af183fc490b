"""Every flow between two pods is tried: those that component `network-policies` names are open, and all others
are refused by the policy engine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from callers import Callers
from deployment import NAMESPACE, OUTSIDE, PRODUCTION, Deployment
from testbed.control_plane import wait_for
from testbed.network import CONTROL_PLANE

HERE = Path(__file__).parent
LISTENING = {
    "code-issuer": (50051, 8080, 9090), "verifier": (50052, 9090), "journey-runner": (50053, 8080, 9090),
    "redis": (6379, 26379), "opentelemetry-collector": (4317, 13133), "directory": (50060,),
}
# Who may reach what. The names of the policies, and nothing else.
OPEN = {
    "code-issuer": {("redis", 6379), ("redis", 26379), ("opentelemetry-collector", 4317), ("directory", 50060)},
    "verifier": {("redis", 6379), ("redis", 26379), ("opentelemetry-collector", 4317), ("directory", 50060)},
    "journey-runner": {
        ("redis", 6379), ("redis", 26379), ("opentelemetry-collector", 4317), ("verifier", 50052),
        ("code-issuer", 50051),
    },
    "redis": {("redis", 6379), ("redis", 26379)},
    "opentelemetry-collector": set(),
    "backends": {("code-issuer", 50051), ("verifier", 50052), ("journey-runner", 50053)},
    "gateway": {("code-issuer", 8080), ("journey-runner", 8080)},
    "monitoring": {("code-issuer", 9090), ("verifier", 9090), ("journey-runner", 9090)},
    "elsewhere": set(),
    "directory": set(),
    # A pod that somebody starts in the namespace of Postern.
    NAMESPACE: set(),
}


@pytest.fixture(scope="module", autouse=True)
def production(deployment: Deployment) -> Deployment:
    deployment.have(PRODUCTION)
    return deployment


@pytest.fixture(scope="module")
def pods(callers: Callers) -> Iterator[dict[str, dict[str, Any]]]:
    """A pod of each kind. The directory listens."""
    found = {name: callers.deployment.pod(name) for name in LISTENING if name != "directory"}
    found |= {name: callers.pod(name) for name in (*OUTSIDE, "elsewhere", NAMESPACE)}
    listen = [sys.executable, "-m", "http.server", "50060"]
    process = subprocess.Popen(
        callers.bed.entering(found["directory"], *listen), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield found
    process.kill()
    process.wait()
    callers.bed.kubectl("-n", NAMESPACE, "delete", "pod", "caller")


def reached(callers: Callers, pod: dict[str, Any], addresses: list[str]) -> set[str]:
    done = callers.bed.inside(pod, sys.executable, str(HERE / "reach.py"), *addresses)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("source", OPEN)
def test_only_the_named_flows_are_open(callers: Callers, pods: dict[str, dict[str, Any]], source: str) -> None:
    targets = {}
    for name, ports in LISTENING.items():
        # Another pod of the same kind, where there is one: a pod always reaches itself.
        others = callers.bed.pods(NAMESPACE, f"app.kubernetes.io/name={name}") or [pods[name]]
        others = [it for it in others if it["metadata"]["uid"] != pods[source]["metadata"]["uid"]]
        for port in ports if others else ():
            # The engine takes both directions of a policy together, so that what the Collector may send to anyone
            # also reaches the other Collector, which Kubernetes would refuse.
            if source == name == "opentelemetry-collector":
                continue
            targets[f"{others[-1]['status']['podIP']}:{port}"] = (name, port)
    targets[f"{CONTROL_PLANE}:6443"] = ("the API server", 6443)
    # Pods outside of the namespace have no policy, and reach what has none.
    outside = source in (*OUTSIDE, "elsewhere")
    expected = OPEN[source] | ({("the API server", 6443), ("directory", 50060)} if outside else set())
    expected = {it for it in expected if it in targets.values()}

    def found() -> set[tuple[str, int]]:
        return {targets[it] for it in reached(callers, pods[source], list(targets))}

    # A policy engine learns of a new pod within seconds.
    try:
        wait_for(source, lambda: found() == expected, limit=20)
    except AssertionError:
        assert found() == expected


def test_names_are_answered_in_the_namespace(callers: Callers, pods: dict[str, dict[str, Any]]) -> None:
    for name in ("code-issuer", "redis", NAMESPACE):
        done = callers.bed.inside(pods[name], "getent", "hosts", "verifier.postern.svc.cluster.local")
        assert done.returncode == 0, name
