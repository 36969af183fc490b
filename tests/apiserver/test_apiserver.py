"""A real API server accepts every overlay, and refuses what it must."""

from typing import Iterator

import pytest
import yaml
from cluster import Cluster, Document, Pod, name_of
from kinds import APPLY, teach
from rendering import RENDERED, folder_of, rendered
from server import Server, running

DRY = (*APPLY, "--dry-run=server")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the custom resource definitions and the namespace. Without the namespace,
    a dry run fails."""
    with running(tmp_path_factory.mktemp("server")) as started:
        teach(started.must)
        (namespace,) = rendered("production").of("Namespace")
        started.must(*APPLY, "-f", "-", given=yaml.safe_dump(namespace))
        yield started


@pytest.mark.parametrize("overlay", RENDERED)
def test_an_overlay_is_admitted_without_a_word(server: Server, overlay: str) -> None:
    told = server.must(*DRY, "-k", str(folder_of(overlay)))
    # The server warns of pods that the namespace's profile would refuse, and of deprecated fields.
    assert "Warning" not in told, told
    assert told.count("serverside-applied (server dry run)") == len(rendered(overlay).documents), told


@pytest.mark.parametrize("overlay", RENDERED)
def test_its_pods_are_admitted_as_well(server: Server, overlay: str) -> None:
    """As controllers create them: the restricted profile applies to pods, not to their templates."""
    accounts = [it for it in rendered(overlay).documents if it["kind"] == "ServiceAccount"]
    server.must(*APPLY, "-f", "-", given=yaml.safe_dump_all(accounts))
    for pod in rendered(overlay).pods():
        told = server.must("create", "--dry-run=server", "-f", "-", given=yaml.safe_dump(made(pod)))
        assert "Warning" not in told, told


def made(pod: Pod) -> Document:
    """A pod of a workload. The claims of a StatefulSet are its volumes."""
    template = pod.workload["spec"]["template"]
    claims = [name_of(it) for it in pod.workload["spec"].get("volumeClaimTemplates", [])]
    claimed = [{"name": it, "persistentVolumeClaim": {"claimName": it}} for it in claims]
    spec = template["spec"] | {"volumes": template["spec"]["volumes"] + claimed}
    metadata = {"name": pod.hosts[0], "namespace": "postern", "labels": pod.labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_an_overlay_is_taken_and_taken_again(server: Server) -> None:
    """Applying it again changes nothing."""
    folder = str(folder_of("production"))
    server.must(*APPLY, "-k", folder)
    assert server.must("diff", "--server-side", "-k", folder) == ""


def misspelt(cluster: Cluster, kind: str, field: str) -> Document:
    document = cluster.of(kind)[0]
    document["spec"][field + "s"] = document["spec"].pop(field)
    return document


@pytest.mark.parametrize(
    "kind, field",
    [
        ("Deployment", "strategy"),
        ("NetworkPolicy", "podSelector"),
        ("HTTPRoute", "hostnames"),
        ("Certificate", "secretName"),
        ("Issuer", "ca"),
        ("ServiceMonitor", "endpoints"),
        ("PrometheusRule", "groups"),
    ],
)
def test_a_misspelt_field_is_refused(server: Server, kind: str, field: str) -> None:
    cluster = rendered("production").copy()
    for document in [it for it in cluster.of(kind) if field not in it["spec"]]:
        cluster.documents.remove(document)
    document = misspelt(cluster, kind, field)
    answer = server.kubectl(*DRY, "-f", "-", given=yaml.safe_dump(document))
    assert not answer.is_good and f"{field}s" in answer.text, answer.text


def test_a_pod_that_may_be_root_is_refused(server: Server) -> None:
    cluster = rendered("production").copy()
    accounts = yaml.safe_dump_all(cluster.of("ServiceAccount"))
    server.must(*APPLY, "-f", "-", given=accounts)
    pod = cluster.services()[0]
    del pod.spec["securityContext"]["runAsNonRoot"]
    answer = server.kubectl("create", "--dry-run=server", "-f", "-", given=yaml.safe_dump(made(pod)))
    assert not answer.is_good and 'violates PodSecurity "restricted' in answer.text, answer.text
