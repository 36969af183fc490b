"""Pods end, crash and are replaced while gateways and backends call: no call fails, and what cannot serve
replaces nothing."""

import os
import signal

import pytest
from callers import Callers, Outcome
from cluster import SERVICES
from deployment import NAMESPACE, PRODUCTION, Deployment, is_ready
from testbed.control_plane import wait_for


@pytest.fixture(scope="module", autouse=True)
def production(deployment: Deployment) -> Deployment:
    deployment.have(PRODUCTION)
    return deployment


def holds(outcome: Outcome, what: str) -> None:
    print(f"\n{what}: {outcome}")
    assert outcome.done > 20
    assert not outcome.failed, outcome.failed[:20]


@pytest.mark.parametrize("service", SERVICES)
def test_a_rollout_loses_no_call(callers: Callers, service: str) -> None:
    with callers.load("http") as http, callers.load("grpc") as grpc:
        callers.deployment.restart(service)
        # The old pods serve until every proxy knows.
        named = ["-n", NAMESPACE, "pods", f"--selector=app.kubernetes.io/name={service}"]
        wait_for("the old pods end", lambda: len(callers.bed.get(*named)) == 3)
    holds(http, f"rollout of {service}, HTTP")
    holds(grpc, f"rollout of {service}, gRPC")


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_process_comes_back_in_its_pod(callers: Callers, service: str) -> None:
    bed, pod = callers.bed, callers.deployment.pod(service)
    name = pod["metadata"]["name"]

    def status() -> dict:
        (told,) = bed.get("-n", NAMESPACE, f"pod/{name}")
        return told

    restarts = status()["status"]["containerStatuses"][0]["restartCount"]
    with callers.load("grpc", share=0.5) as outcome:
        for process in bed.processes(pod, "service"):
            os.kill(process, signal.SIGKILL)
        took = wait_for(
            "the container restarts",
            lambda: status()["status"]["containerStatuses"][0]["restartCount"] > restarts and is_ready(status()),
        )
    print(f"\nkill -9 of {service}: ready again after {took:.1f} s; {outcome}")
    # Clients try again, and other pods serve.
    assert not outcome.failed, outcome.failed[:20]


def test_a_broken_configuration_stops_its_rollout_while_old_pods_serve(callers: Callers) -> None:
    deployment = callers.deployment
    file = deployment.folder / "configuration/applications/acme.yaml"
    good = file.read_text()
    before = {it["metadata"]["name"] for it in deployment.bed.pods(NAMESPACE, "app.kubernetes.io/name=verifier")}
    with callers.load("http", share=0.2) as http, callers.load("grpc", share=0.2) as grpc:
        file.write_text(good.replace("failed_attempts: 3", "failed_attempts: -3"))
        deployment.apply()
        told = deployment.kubectl("rollout", "status", "deployment/verifier", "--timeout=25s", check=False)
        assert "timed out" in told, told
        pods = {it["metadata"]["name"]: it for it in deployment.bed.pods(NAMESPACE, "app.kubernetes.io/name=verifier")}
        assert before <= set(pods) and all(is_ready(pods[it]) for it in before)
        (new,) = set(pods) - before
        log = deployment.kubectl("logs", new)
        assert "acme.yaml" in log and "failed_attempts" in log, log
        file.write_text(good)
        deployment.apply()
        deployment.wait_until_ready()
    holds(http, "a broken configuration, HTTP")
    holds(grpc, "a broken configuration, gRPC")
