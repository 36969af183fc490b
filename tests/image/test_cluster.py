"""The component redis-cluster with TLS. Its scripts form a cluster from six new servers, from the same six
with new addresses, and from five and one without its volume. A cluster that has lost a part of the keys
serves the others."""

import shutil
import time
from typing import Iterator

import pytest
from certificates import with_certificates
from cluster import SERVICES
from docker import Daemon
from recovering import logs, recovers_within
from rendering import rendered
from stack import Running, Stack

HOSTS = [f"redis-{number}" for number in range(6)]
# The command of deploy/runbooks.md.
ASK = "redis-cli --tls --cacert /etc/redis-tls/ca.crt --user operator cluster nodes"


@pytest.fixture
def stack(docker: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("cluster")
    started = Stack(docker, with_certificates(rendered("local-with-a-cluster-and-tls"), folder), folder)
    yield started
    started.end()


def listed(stack: Stack, host: str) -> list[list[str]]:
    """The nodes of the cluster, as one server lists them."""
    command = f'export REDISCLI_AUTH="$(cat /etc/redis-peers/operator)"; {ASK}'
    told = stack.daemon.docker("exec", host, "sh", "-c", command, check=False)
    return [node for node in (line.split() for line in told.splitlines()) if len(node) >= 8]


def nodes(stack: Stack, host: str) -> list[list[str]]:
    """The nodes that are connected and have not failed."""
    return [node for node in listed(stack, host) if "connected" in node and "fail" not in node[2]]


def failed(stack: Stack, host: str) -> list[str]:
    """The nodes that a majority reports as failed."""
    return [node[0] for node in listed(stack, host) if "fail" in node[2].split(",")]


def shards(stack: Stack, host: str) -> dict[str, int]:
    """The primaries that hold a part of the keys, and how many replicas each has."""
    known = nodes(stack, host)
    primaries = [node[0] for node in known if "master" in node[2] and len(node) > 8]
    return {primary: sum(node[3] == primary for node in known) for primary in primaries}


def wait_until_whole(stack: Stack) -> None:
    """Three primaries with a replica each, as every server sees it."""
    begun = time.monotonic()
    for host in HOSTS:
        while list(shards(stack, host).values()) != [1, 1, 1]:
            assert time.monotonic() - begun < 180, f"{host}: {nodes(stack, host)}\n{logs(stack)}"
            time.sleep(0.5)


def addresses(stack: Stack) -> dict[str, str]:
    """The address of each server."""
    told = {host: stack.daemon.inspect(host)["NetworkSettings"]["Networks"] for host in HOSTS}
    return {host: next(iter(networks.values()))["IPAddress"] for host, networks in told.items()}


def test_a_cluster_makes_and_mends_itself(stack: Stack) -> None:
    for host in HOSTS:
        stack.start("redis", host)
    services: dict[str, Running] = {service: stack.start(service) for service in reversed(SERVICES)}
    for running in services.values():
        running.wait_until_ready()
    recovers_within(stack, services, 120, "first")
    wait_until_whole(stack)

    # All pods restart with their volumes and new addresses.
    before = addresses(stack)
    stack.daemon.docker("rm", "-f", *HOSTS)
    for host in reversed(HOSTS):
        stack.start("redis", host)
    assert before != addresses(stack)
    wait_until_whole(stack)
    recovers_within(stack, services, 120, "other-addresses")

    # A server without its volume is a new node. It replicates the node that replaced its former self.
    (own,) = [node for node in nodes(stack, HOSTS[0]) if "myself" in node[2]]
    stack.daemon.docker("rm", "-f", HOSTS[0])
    shutil.rmtree(stack.folder / HOSTS[0] / "data")
    stack.start("redis", HOSTS[0])
    wait_until_whole(stack)
    (other,) = [node for node in nodes(stack, HOSTS[0]) if "myself" in node[2]]
    assert own[0] != other[0] and "slave" in other[2]
    recovers_within(stack, services, 120, "a-lost-volume")

    # A primary and its replica end at once: users whose keys were there wait, and others do not.
    (place,) = [node[1] for node in nodes(stack, HOSTS[0]) if node[0] == other[3]]
    primary = place.partition(",")[2].removesuffix(".redis")
    stack.daemon.docker("kill", HOSTS[0], primary)
    witness = next(host for host in HOSTS if host not in (HOSTS[0], primary))
    begun = time.monotonic()
    while not {other[0], other[3]} <= set(failed(stack, witness)):
        assert time.monotonic() - begun < 90, f"{listed(stack, witness)}\n{logs(stack)}"
        time.sleep(0.5)
    recovers_within(stack, services, 60, "a-lost-third")
