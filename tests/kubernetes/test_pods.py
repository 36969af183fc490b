"""The real binaries and a real Redis, run as the pods of overlays/local would be, as it is, with mutual TLS,
and over a cluster of Redis without and with TLS: their variables, files, users and roots are read from the rendered manifests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import with_certificates
from cluster import SERVICES, Cluster
from rendering import rendered

HERE = Path(__file__).parent


WITH_TLS = ["local-with-tls", "local-with-a-cluster-and-tls"]


@pytest.fixture(scope="module", params=["local", "local-with-a-cluster", *WITH_TLS])
def overlay(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def seen(overlay: str, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The observations of one recovery."""
    assert os.geteuid() == 0, "run this as root, or in a container: it makes namespaces and mounts"
    folder = tmp_path_factory.mktemp("node")
    # Must be accessible to the users of the pods.
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    cluster = with_certificates(rendered(overlay), tmp_path_factory.mktemp("authority"))
    binaries = str(Path(os.environ["POSTERN_BIN"]).parent)
    given = {"documents": cluster.documents, "folder": str(folder), "binaries": binaries}
    file = folder / "node.json"
    file.write_text(json.dumps(given))
    own = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*own, sys.executable, str(HERE / "node.py"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return json.loads(done.stdout)


def test_the_configuration_passes_the_check_where_it_is_mounted(seen: dict) -> None:
    assert seen["check"]["code"] == 0, seen["check"]["printed"]
    assert "journey: temp-code-authentication" in seen["check"]["printed"]


def test_the_first_readiness_probe_succeeds_although_the_network_is_late(seen: dict, overlay: str) -> None:
    # The servers of a cluster need longer to find each other.
    if "cluster" not in overlay:
        assert seen["first_readiness"] == dict.fromkeys(SERVICES, 200), seen["logs"]


def test_a_user_gets_back_in(seen: dict) -> None:
    assert seen["outcome"] == "completed", seen["logs"]


def test_the_verifier_speaks_to_whom_it_knows(seen: dict, overlay: str) -> None:
    expected = {"runner": True, "stranger": False} if overlay in WITH_TLS else None
    assert seen.get("let_in") == expected


def test_each_process_has_a_users_rights_and_no_other(seen: dict, overlay: str) -> None:
    for host, pod in [(host, pod) for pod in rendered(overlay).pods() for host in pod.hosts]:
        status, user = seen["pods"][host], str(pod.spec["securityContext"]["runAsUser"])
        assert set(status["Uid"].split()) == set(status["Gid"].split()) == {user}
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[capabilities], 16) == 0, (host, capabilities)
        assert status["NoNewPrivs"] == "1"
        assert not status["writes"], f"{host} may write to its root"


def test_each_process_stays_far_below_its_limit_of_memory(seen: dict, local: Cluster) -> None:
    for pod in local.services():
        limit = pod.service["resources"]["limits"]["memory"]
        assert limit.endswith("Mi")
        most = int(seen["pods"][pod.name]["VmHWM"].split()[0]) / 1024
        assert most < int(limit[:-2]) / 2, f"{pod.name} has held {most} MiB"


def test_it_serves_until_everybody_has_heard_and_ends_in_its_grace(seen: dict, local: Cluster) -> None:
    assert seen["served_while_draining"] == 200
    for pod in local.services():
        ended = seen["pods"][pod.name]
        assert ended["code"] == 0, seen["logs"][pod.name]
        assert 10 <= ended["took"] < pod.spec["terminationGracePeriodSeconds"], ended


def test_all_pods_were_there(seen: dict, overlay: str) -> None:
    redis = [f"redis-{number}" for number in range(6)] if "cluster" in overlay else ["redis"]
    assert set(seen["pods"]) == {*SERVICES, *redis}
