"""The images run: they serve, end, restart, and are replaced under load."""

import os
import signal
import time
from pathlib import Path
from typing import Iterator

import pytest
from cluster import SERVICES, Cluster
from docker import Daemon
from load import Load
from recovering import recovers_within
from recovery import redeem
from stack import Running, Stack


@pytest.fixture(scope="module")
def stack(docker: Daemon, local: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    behind_docker = local.copy()
    # Clients of a published port have the address of the network's gateway.
    behind_docker.one("ConfigMap", "postern-settings")["data"]["trusted-proxies"] = "0.0.0.0/0"
    started = Stack(docker, behind_docker, tmp_path_factory.mktemp("volumes"))
    started.start("redis")
    yield started
    started.end()


@pytest.fixture(scope="module")
def services(stack: Stack) -> Iterator[dict[str, Running]]:
    """One of each."""
    started = {service: stack.start(service) for service in reversed(SERVICES)}
    for running in started.values():
        running.wait_until_ready()
    yield started


def secret(stack: Stack) -> str:
    (file,) = list(stack.folder.glob("code-issuer-*/clients/help-desk"))[:1]
    return file.read_text().strip()


def recovers(stack: Stack, services: dict[str, Running], user: str) -> None:
    issuer, runner = (services[it].url("8080") for it in ("code-issuer", "journey-runner"))
    assert redeem(issuer, runner, secret(stack), user) == "completed"


def test_a_user_gets_back_in(stack: Stack, services: dict[str, Running]) -> None:
    # This also shows that names are resolved in an image without libraries and settings for it.
    recovers(stack, services, "alice")


def test_each_process_is_held_by_the_kernel(services: dict[str, Running], local: Cluster) -> None:
    for pod in local.services():
        status = services[pod.name].status()
        assert set(status["Uid"].split()) == {str(pod.spec["securityContext"]["runAsUser"])}
        assert int(status["CapBnd"], 16) == 0 and status["NoNewPrivs"] == "1"
        # 2 means a filter: Docker's default profile, which Kubernetes calls RuntimeDefault.
        assert status["Seccomp"] == "2"
        host = services[pod.name].daemon.inspect(services[pod.name].name)["HostConfig"]
        assert host["Memory"] == int(pod.service["resources"]["limits"]["memory"][:-2]) * 1024 * 1024
        assert host["ReadonlyRootfs"]


def test_it_starts_fast_and_holds_little(stack: Stack, services: dict[str, Running]) -> None:
    for service in SERVICES:
        fresh = stack.start(service)
        fresh.wait_until_ready()
        status = fresh.status()
        resident, own = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))
        # By the process's own clock: the daemon's time does not count.
        print(f"\n{service}: {starting(fresh):.0f} ms to ready, {resident:.1f} MiB idle, {own:.1f} without the binary")
        assert resident < 64
        stack.daemon.docker("rm", "-f", fresh.name)


def starting(running: Running) -> float:
    """Milliseconds from the start of a process to its first log line "serving"."""
    import datetime
    import json

    lines = [json.loads(line) for line in running.log().splitlines() if line.startswith("{")]
    serving = [line["timestamp"] for line in lines if line.get("message") == "serving"]
    ticks = int(Path(f"/proc/{running.state()['Pid']}/stat").read_text().rsplit(")", 1)[1].split()[19])
    boot = time.time() - float(Path("/proc/uptime").read_text().split()[0])
    began = boot + ticks / os.sysconf("SC_CLK_TCK")
    last = datetime.datetime.fromisoformat(max(serving).replace("Z", "+00:00")).timestamp()
    return max(0.0, last - began) * 1000


def test_a_container_that_is_killed_comes_back(stack: Stack, services: dict[str, Running]) -> None:
    for service in SERVICES:
        running = services[service]
        before = running.state()["Pid"]
        os.kill(before, signal.SIGKILL)
        begun = time.monotonic()
        while running.state()["Pid"] in (0, before):
            assert time.monotonic() - begun < 30, "it stays away"
            time.sleep(0.1)
        running.ports.clear()
        running.wait_until_ready()
        # It was the only replica. Its clients look for it every second;
        # the rest of the time is for a busy machine.
        recovers_within(stack, services, 30, f"after-{service}")


def test_replacing_every_replica_under_load_loses_no_call(stack: Stack, services: dict[str, Running]) -> None:
    replicas = {service: [services[service], stack.start(service)] for service in SERVICES}
    for running in replicas.values():
        running[1].wait_until_ready()
    with Load(replicas, secret(stack)) as load:
        for service in SERVICES:
            for old in list(replicas[service]):
                new = stack.start(service)
                new.wait_until_ready()
                load.add(new)
                # As a pod ends: it gets the signal, and clients learn of it meanwhile.
                stack.daemon.docker("stop", old.name)
                load.remove(old)
                state = old.state()
                assert state["ExitCode"] == 0, old.log()
                assert "stopped" in old.log()
    print(f"\n{load.done} recoveries while six replicas were replaced; failed: {len(load.failed)}")
    assert load.done > 50
    assert not load.failed, "\n".join(load.failed)
