"""The component redis-sentinel, run as it is and under TLS: its scripts start three servers and three sentinels from nothing, and
the services follow a failover by themselves."""

import time
from typing import Iterator

import pytest
from certificates import with_certificates
from cluster import SERVICES
from docker import Daemon
from recovering import recovers_within
from rendering import rendered
from stack import Stack

HOSTS = ("redis-0", "redis-1", "redis-2")


@pytest.fixture(params=["local-with-sentinels", "local-with-sentinels-and-tls"])
def stack(request, docker: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("sentinels")
    started = Stack(docker, with_certificates(rendered(request.param), folder), folder)
    for host in HOSTS:
        started.start("redis", host)
    yield started
    started.end()


def sentinel(stack: Stack, host: str, *question: str) -> list[str]:
    """The reply of a sentinel, as lines."""
    tls = ["--tls", "--cacert", "/etc/redis-tls/ca.crt"] if stack.cluster.of("Certificate") else []
    command = ["redis-cli", *tls, "-p", "26379", "--raw", "sentinel", *question]
    return stack.daemon.docker("exec", f"{host}-sentinel", *command, check=False).splitlines()


def primary(stack: Stack, host: str) -> str:
    """The primary, as one sentinel reports it."""
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


def test_sentinels_start_from_nothing_and_the_services_follow_a_failover(stack: Stack) -> None:
    services = {service: stack.start(service) for service in reversed(SERVICES)}
    for running in services.values():
        running.wait_until_ready()
    recovers_within(stack, services, 60, "first")
    assert primary(stack, "redis-1") == "redis-0.redis"

    wait_until_all_know_each_other(stack)

    # A node fails: its server and its sentinel end together.
    stack.daemon.docker("kill", "redis-0", "redis-0-sentinel")
    recovers_within(stack, services, 60, "failover")
    promoted = primary(stack, "redis-1")
    assert promoted in ("redis-1.redis", "redis-2.redis")

    # It returns as a replica of the new primary, with the data written meanwhile.
    stack.daemon.docker("start", "redis-0", "redis-0-sentinel")
    begun = time.monotonic()
    while "MASTER <-> REPLICA sync: Finished" not in stack.daemon.docker("logs", "redis-0", check=False):
        assert time.monotonic() - begun < 60, stack.daemon.docker("logs", "redis-0", check=False)
        time.sleep(0.5)
    assert primary(stack, "redis-0") == promoted
    recovers_within(stack, services, 20, "after")
