"""The overlay for a laptop, as it is in the repository."""

import subprocess
from typing import Iterator

import pytest
from deployment import LOCAL, Deployment
from recovery import ask, redeem
from testbed.control_plane import wait_for
from testbed.programs import Program

# As in deploy/kubernetes.md.
FORWARDED = {"code-issuer": "8080", "journey-runner": "8081:8080"}


@pytest.fixture(scope="module")
def local(deployment: Deployment) -> Deployment:
    deployment.have(LOCAL)
    return deployment


@pytest.fixture
def forwarded(local: Deployment) -> Iterator[None]:
    """The two `port-forward` of the guide."""
    access = [Program.path("kubectl"), "--kubeconfig", str(local.bed.plane.access("admin")), "-n", "postern"]
    running = [
        subprocess.Popen([*access, "port-forward", f"service/{service}", port], stdout=subprocess.DEVNULL)
        for service, port in FORWARDED.items()
    ]
    for port in ("8080", "8081"):
        wait_for("port-forward", lambda: ask(f"http://localhost:{port}/.well-known/jwks.json")[0] == 200)
    yield
    for process in running:
        process.kill()
        process.wait()


def test_every_pod_is_ready_within_a_minute(local: Deployment) -> None:
    print(f"\nlocal: every pod is ready after {local.took['local']:.1f} s")
    assert local.took["local"] < 60 * local.patience


def test_the_seven_steps_end_in_a_recovery(local: Deployment, forwarded: None) -> None:
    outcome = redeem("http://localhost:8080", "http://localhost:8081", local.secret)
    assert outcome == "completed"
    assert ask("http://localhost:8081/")[0] == 200


def test_no_image_is_missing_and_no_container_fails(local: Deployment) -> None:
    warnings = local.bed.get("-n", "postern", "events", "--field-selector=type=Warning")
    told = [f"{it['reason']}: {it['message']}" for it in warnings]
    assert not [it for it in told if it.startswith(("Failed:", "BackOff:", "ErrImage", "FailedMount:"))], told
