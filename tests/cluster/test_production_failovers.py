"""The primary of Redis is lost, with its pod and with its node: codes of the time before are denied, each code
is accepted at most once, and new codes work within seconds (invariants I1 and I11)."""

import time
import uuid
from typing import Any, Callable

import pytest
from callers import Callers
from deployment import NAMESPACE, PRODUCTION, Deployment
from testbed.control_plane import wait_for

PODS = ("redis-0", "redis-1", "redis-2")


@pytest.fixture(scope="module", autouse=True)
def production(deployment: Deployment) -> Deployment:
    deployment.have(PRODUCTION)
    return deployment


def primary(deployment: Deployment) -> str:
    """The name of the primary's pod, as most sentinels report it."""
    ask = "redis-cli --tls --cacert /etc/redis-tls/ca.crt -p 26379 --raw sentinel get-master-addr-by-name postern"
    told = [
        deployment.kubectl("exec", pod, "-c", "sentinel", "--", "sh", "-c", ask, check=False).split("\n")[0]
        for pod in PODS
    ]
    return max(set(told), key=told.count).removesuffix(".redis")


@pytest.mark.parametrize("node_is_lost", [False, True], ids=["its pod is deleted", "its node is cordoned first"])
def test_a_lost_primary_gives_no_code_twice(callers: Callers, node_is_lost: bool) -> None:
    deployment, bed = callers.deployment, callers.bed
    before = primary(deployment)
    (pod,) = bed.get("-n", NAMESPACE, f"pod/{before}")
    node = pod["spec"]["nodeName"]
    with callers.desk() as desk:
        codes = {user: desk("issue", user) for user in (uuid.uuid4().hex for _ in range(40))}
        accepted = {user: int(desk("verify", user, codes[user])) for user in list(codes)[:20]}
        if node_is_lost:
            bed.kubectl("cordon", node)
        begun = time.monotonic()
        deployment.kubectl("delete", "pod", before, "--grace-period=0", "--force")
        wait_for("a code can be issued and redeemed", lambda: recovers(desk), limit=90)
        took = time.monotonic() - begun
        after = primary(deployment)
        what = f"{'node cordoned' if node_is_lost else 'pod deleted'}"
        print(f"\nprimary {before}, {what}: {after} serves after {took:.1f} s")
        for user, code in (*codes.items(), *codes.items()):
            accepted[user] = accepted.get(user, 0) + desk("verify", user, code)
    bed.kubectl("uncordon", node)
    assert list(accepted.values()) == [1] * 20 + [0] * 20
    assert not node_is_lost or after != before
    deployment.wait_until_ready()
    wait_for("two replicas", lambda: is_whole(deployment), limit=90)


def recovers(desk: Callable[..., Any]) -> bool:
    user = uuid.uuid4().hex
    code = desk("issue", user)
    return code is not None and desk("verify", user, code) is True


def is_whole(deployment: Deployment) -> bool:
    """Whether the sentinels know two replicas that are up."""
    ask = "redis-cli --tls --cacert /etc/redis-tls/ca.crt -p 26379 --raw sentinel replicas postern"
    told = deployment.kubectl("exec", primary(deployment), "-c", "sentinel", "--", "sh", "-c", ask).split("\n")
    flags = [told[at + 1] for at, word in enumerate(told) if word == "flags"]
    return flags == ["slave", "slave"]
