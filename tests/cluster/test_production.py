"""The overlay for production, deployed by the steps of deploy/kubernetes.md: it starts, it serves callers
through its Services, and its pods are held to what their manifests say."""

import json
import time
from pathlib import Path

import pytest
from callers import Callers
from deployment import NAMESPACE, PRODUCTION, Deployment


@pytest.fixture(scope="module", autouse=True)
def production(deployment: Deployment) -> Deployment:
    deployment.have(PRODUCTION)
    return deployment


def test_every_pod_is_ready_within_a_minute(production: Deployment) -> None:
    print(f"\nproduction: every pod is ready after {production.took['production']:.1f} s")
    assert production.took["production"] < 60 * production.patience


def test_a_user_gets_back_in_through_the_services(callers: Callers) -> None:
    asked = (
        "from recovery import redeem;"
        " print(redeem('http://code-issuer.postern.svc:8080', 'http://journey-runner.postern.svc:8080', input()))"
    )
    assert callers.python("gateway", "-c", asked, given=callers.deployment.secret).strip() == "completed"


def test_a_paired_code_works_in_its_journey(callers: Callers) -> None:
    told = callers.python("gateway", str(Path(__file__).parent / "pairing.py"), given=callers.deployment.secret)
    assert json.loads(told) == {"other": "pending", "own": "completed"}


def test_backends_issue_and_verify_over_mutual_tls(callers: Callers) -> None:
    with callers.load("grpc", share=0.2) as outcome:
        time.sleep(5)
    print(f"\ngRPC: {outcome}")
    assert outcome.done > 0 and not outcome.failed, outcome.failed


def test_secrets_belong_to_the_group_and_roots_cannot_be_written(production: Deployment) -> None:
    bed = production.bed
    for pod in bed.pods(NAMESPACE):
        for status in pod["status"]["containerStatuses"]:
            process = bed.processes(pod, status["name"])[0]
            name, root = f"{pod['metadata']['name']}/{status['name']}", Path(f"/proc/{process}/root")
            mounts = Path(f"/proc/{process}/mountinfo").read_text().splitlines()
            (own,) = [it.split() for it in mounts if it.split()[4] == "/"]
            assert "ro" in own[5].split(","), name
            held = {it for it in Path(f"/proc/{process}/status").read_text().splitlines() if it.startswith("CapBnd")}
            assert held == {"CapBnd:\t0000000000000000"}, name
            group = pod["spec"]["securityContext"].get("fsGroup")
            for folder in [*root.glob("etc/postern/secrets/*"), *root.glob("etc/redis-peers")]:
                files = [it for it in folder.iterdir() if not it.name.startswith("..")]
                assert files, f"{name}: {folder} is empty"
                for file in files:
                    # Each is a link into a folder that the kubelet replaces as a whole.
                    assert file.is_symlink(), file
                    told = file.stat()
                    assert (told.st_uid, told.st_gid, told.st_mode & 0o777) == (0, group, 0o440), file
