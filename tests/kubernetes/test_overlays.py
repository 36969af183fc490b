"""The rendered manifests are valid for Kubernetes, and every file of the folders is used."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cluster import SERVICES, Cluster, name_of
from rendering import DEPLOY, OVERLAYS, RENDERED, build, copy, rendered

KUBERNETES = "1.37"
# Kinds that a cluster learns from others. Their schemas do not come with Kubernetes': what is in them
# is held by the rules of policy/outside.py alone.
LEARNT = {
    "Certificate": "cert-manager.io/v1",
    "Issuer": "cert-manager.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
}


@pytest.mark.parametrize("overlay", RENDERED)
def test_every_manifest_fits_the_schemas(overlay: str) -> None:
    checked = 0
    for document in rendered(overlay).documents:
        if document["kind"] in LEARNT:
            assert document["apiVersion"] == LEARNT[document["kind"]]
            continue
        # Strict: a misspelt field is a mistake, and not one more field.
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
        checked += 1
    assert checked > 30


def test_a_misspelt_field_does_not_fit() -> None:
    cluster = rendered("production").copy()
    cluster.services()[0].service["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(cluster.services()[0].workload, KUBERNETES, strict=True)


def test_each_component_is_in_something_that_is_rendered() -> None:
    folder = DEPLOY / "kubernetes/components"
    used = {component for rendering in RENDERED.values() for component in rendering}
    for component in list(used):
        kustomization = yaml.safe_load((folder / component / "kustomization.yaml").read_text())
        used |= {Path(it).name for it in kustomization.get("components", [])}
    assert used == {it.name for it in folder.iterdir()}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_file_of_the_configuration_is_served(overlay: str) -> None:
    """Kustomize does not take folders, so it would silently ignore an unlisted file."""
    folder = DEPLOY / "kubernetes/overlays" / overlay / "configuration"
    for part in ("applications", "journeys", "users"):
        there = {file.name for file in (folder / part).glob("*")} if (folder / part).exists() else set()
        served = [it for it in rendered(overlay).of("ConfigMap") if f"postern-{part}-" in name_of(it)]
        assert {name for it in served for name in it["data"]} == there, part


def test_a_change_of_configuration_changes_the_pods() -> None:
    before = rendered("local")
    overlays = copy() / "kubernetes/overlays"
    application = overlays / "local/configuration/applications/acme.yaml"
    text = application.read_text()
    try:
        application.write_text(text.replace("name: Acme", "name: Another"))
        after = build(overlays / "local")
    finally:
        application.write_text(text)
    for one, other in zip(before.services(), after.services(), strict=True):
        assert one.spec != other.spec, one.name


def test_every_file_of_manifests_is_in_a_kustomization() -> None:
    """A file that no kustomization names is never applied."""
    for folder in (DEPLOY / "kubernetes").rglob("kustomization.yaml"):
        named = named_in(yaml.safe_load(folder.read_text()))
        for file in folder.parent.glob("*.yaml"):
            assert file == folder or file.name in named, file


def named_in(kustomization: dict) -> set[str]:
    names = set(kustomization.get("resources", []))
    names |= {it["path"] for it in kustomization.get("patches", []) if "path" in it}
    for generator in kustomization.get("configMapGenerator", []):
        names |= {file.split("=")[-1] for file in generator.get("files", [])}
    return {Path(name).name for name in names}


def test_the_overlays_are_the_ones_that_people_are_told_of(production: Cluster, local: Cluster) -> None:
    assert OVERLAYS == ["local", "production"]
    assert not production.of("Secret"), "secrets in a repository are secrets of everybody"
    assert local.of("Secret")


def test_the_alerts_of_the_operator_are_the_alerts(production: Cluster) -> None:
    alerts = yaml.safe_load((DEPLOY / "observability/alerts.yaml").read_text())
    assert alerts["groups"]
    (rule,) = production.of("PrometheusRule")
    assert rule["spec"] == alerts


def test_the_local_overlay_pulls_nothing_but_redis_and_exports_nothing(local: Cluster) -> None:
    """Images that a laptop would have to pull keep pods waiting, and a Collector that waits fills the logs."""
    images = {container["image"] for pod in local.pods() for container in pod.containers()}
    assert images == {*(f"postern/{name}:local" for name in SERVICES), "docker.io/library/redis:7.2"}
    for pod in local.services():
        assert not [name for name in pod.environment() if name.startswith("OTEL_")], pod.name
