"""The component redis-sentinel, run: its scripts start three servers and three sentinels from nothing, and
the services follow a failover by themselves."""

import time
from typing import Iterator

import pytest
from cluster import SERVICES
from docker import Daemon
from recovery import redeem
from rendering import rendered
from stack import Running, Stack

HOSTS = ("redis-0", "redis-1", "redis-2")


@pytest.fixture
def stack(docker: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    started = Stack(docker, rendered("local-with-sentinels"), tmp_path_factory.mktemp("sentinels"))
    for host in HOSTS:
        started.start("redis", host)
    yield started
    started.end()


def sentinel(stack: Stack, host: str, *question: str) -> list[str]:
    """What a sentinel answers, line by line."""
    command = ["redis-cli", "-p", "26379", "--raw", "sentinel", *question]
    return stack.daemon.docker("exec", f"{host}-sentinel", *command, check=False).splitlines()


def primary(stack: Stack, host: str) -> str:
    """Who is the primary, by the word of one sentinel."""
    return sentinel(stack, host, "get-master-addr-by-name", "postern")[0]


def wait_until_all_know_each_other(stack: Stack) -> None:
    """A sentinel asks the primary for its replicas every ten seconds: until then it knows of none."""
    begun = time.monotonic()
    for host in HOSTS:
        while True:
            told = sentinel(stack, host, "master", "postern")
            known = dict(zip(told[::2], told[1::2], strict=False))
            if known.get("num-slaves") == known.get("num-other-sentinels") == "2":
                break
            assert time.monotonic() - begun < 60, known
            time.sleep(0.5)


def recovers_within(stack: Stack, services: dict[str, Running], seconds: float, what: str) -> None:
    (secret,) = list(stack.folder.glob("code-issuer-*/clients/help-desk"))
    issuer, runner = (services[it].url("8080") for it in ("code-issuer", "journey-runner"))
    begun, turn, outcome = time.monotonic(), 0, ""
    while outcome != "completed":
        assert time.monotonic() - begun < seconds, f"{what}: {outcome}\n{logs(stack)}"
        try:
            turn += 1
            outcome = redeem(issuer, runner, secret.read_text().strip(), f"{what}-{turn}")
        except AssertionError as refused:
            outcome = str(refused)
            time.sleep(0.5)
    print(f"\n{what}: service again after {time.monotonic() - begun:.1f} s")


def logs(stack: Stack) -> str:
    """What every container said last."""
    names = stack.daemon.docker("ps", "-a", "--format", "{{.Names}}").split()
    return "\n".join(f"{it}: {stack.daemon.docker('logs', '--tail', '20', it, check=False)}" for it in names)


def test_sentinels_start_from_nothing_and_the_services_follow_a_failover(stack: Stack) -> None:
    services = {service: stack.start(service) for service in reversed(SERVICES)}
    for running in services.values():
        running.wait_until_ready()
    recovers_within(stack, services, 60, "first")
    assert primary(stack, "redis-1") == "redis-0.redis"

    wait_until_all_know_each_other(stack)

    # The end of a node: server and sentinel at once.
    stack.daemon.docker("kill", "redis-0", "redis-0-sentinel")
    recovers_within(stack, services, 60, "failover")
    promoted = primary(stack, "redis-1")
    assert promoted in ("redis-1.redis", "redis-2.redis")

    # It comes back as a replica of whoever leads now, and has what was written meanwhile.
    stack.daemon.docker("start", "redis-0", "redis-0-sentinel")
    begun = time.monotonic()
    while "MASTER <-> REPLICA sync: Finished" not in stack.daemon.docker("logs", "redis-0", check=False):
        assert time.monotonic() - begun < 60, stack.daemon.docker("logs", "redis-0", check=False)
        time.sleep(0.5)
    assert primary(stack, "redis-0") == promoted
    recovers_within(stack, services, 20, "after")
