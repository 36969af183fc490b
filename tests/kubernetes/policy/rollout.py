"""The start, placement and end of pods."""

import re
from typing import Iterator

from cluster import SERVICES, Cluster, Pod, at, matches, name_of
from policy import breaks, production_rule, rule

# After the drain: for the last spans, and for blocking tasks of the runtime.
LAST_WORDS = 5


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


@rule
def the_drain_ends_before_the_grace_does(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.services():
        variables = pod.environment()
        delay, deadline = (
            seconds(variables[name]["value"]) if name in variables else 0
            for name in ("POSTERN_DRAIN_DELAY", "POSTERN_DRAIN_DEADLINE")
        )
        sleep = at(pod.service, "lifecycle.preStop.sleep.seconds", 0)
        if delay + sleep < 5:
            yield f"{pod.name}: it stops serving before everybody has heard of it"
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        if sleep + delay + deadline + LAST_WORDS > grace:
            yield f"{pod.name}: its drain takes longer than its grace of {grace} s"


@breaks(the_drain_ends_before_the_grace_does)
def a_grace_that_is_too_short(cluster: Cluster) -> None:
    cluster.services()[0].spec["terminationGracePeriodSeconds"] = 30


@breaks(the_drain_ends_before_the_grace_does)
def a_pod_that_ends_at_once(cluster: Cluster) -> None:
    cluster.services()[1].environment()["POSTERN_DRAIN_DELAY"]["value"] = "0s"


@rule
def probes_ask_what_they_are_for(cluster: Cluster) -> Iterator[str]:
    """Each probe asks its own endpoint, over HTTP: the kubelet supports neither mutual TLS nor gRPC with TLS."""
    wanted = {"startupProbe": "/livez", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
    for pod in cluster.services():
        for probe, path in wanted.items():
            asked = at(pod.service, f"{probe}.httpGet", {})
            if (asked.get("path"), asked.get("port")) != (path, "admin"):
                yield f"{pod.name}: its {probe} does not ask {path} on the port for operators"
            if asked.get("scheme", "HTTP") != "HTTP":
                yield f"{pod.name}: its {probe} speaks TLS, and that port does not"


@breaks(probes_ask_what_they_are_for)
def a_liveness_that_depends_on_others(cluster: Cluster) -> None:
    cluster.services()[0].service["livenessProbe"]["httpGet"]["path"] = "/readyz"


@breaks(probes_ask_what_they_are_for)
def a_pod_that_is_never_asked_whether_it_is_ready(cluster: Cluster) -> None:
    del cluster.services()[2].service["readinessProbe"]


@rule
def a_rollout_takes_nothing_away(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.services():
        rolling = at(pod.workload, "spec.strategy.rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0 or not rolling.get("maxSurge"):
            yield f"{pod.name}: an old pod goes before a new one is ready"


@breaks(a_rollout_takes_nothing_away)
def a_rollout_that_begins_with_less(cluster: Cluster) -> None:
    cluster.services()[0].workload["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1


@rule
def services_are_spread(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.services():
        constraints = pod.spec.get("topologySpreadConstraints", [])
        terms = at(pod.spec, "affinity.podAntiAffinity", {})
        terms = [it["podAffinityTerm"] for it in terms.get(PREFERRED, [])]
        for rules, kind in ((constraints, "spread over"), (terms, "kept apart by")):
            for term in rules:
                if not matches(term["labelSelector"], pod.labels):
                    yield f"{pod.name}: what says how it is {kind} hosts is not about it"
                if "app.kubernetes.io/name" not in term.get("matchLabelKeys", []):
                    yield f"{pod.name}: it is {kind} hosts together with other services"
        keys = {it["topologyKey"] for it in constraints}
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname"):
            if key not in keys:
                yield f"{pod.name}: it is not spread by {key}"
        if not terms:
            yield f"{pod.name}: nothing keeps two of it off one host"


PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


@breaks(services_are_spread)
def a_service_in_one_zone(cluster: Cluster) -> None:
    del cluster.services()[0].spec["topologySpreadConstraints"][0]


@breaks(services_are_spread)
def a_service_on_one_host(cluster: Cluster) -> None:
    del cluster.services()[0].spec["affinity"]


@breaks(services_are_spread)
def a_service_that_is_spread_with_others(cluster: Cluster) -> None:
    constraint = cluster.services()[0].spec["topologySpreadConstraints"][1]
    constraint["matchLabelKeys"] = ["pod-template-hash"]


@rule
def there_is_always_another(cluster: Cluster) -> Iterator[str]:
    for service in SERVICES:
        workload = Pod(cluster.one("Deployment", service))
        budgets = [it["spec"] for it in cluster.of("PodDisruptionBudget")]
        budgets = [it for it in budgets if matches(it["selector"], workload.labels)]
        if len(budgets) != 1 or not budgets[0]["selector"].get("matchLabels"):
            yield f"{service}: it has {len(budgets)} disruption budgets of its own"
        for budget in budgets:
            if budget.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield f"{service}: a broken pod can hold a node"
        scalers = [it["spec"] for it in cluster.of("HorizontalPodAutoscaler")]
        scalers = [it for it in scalers if it["scaleTargetRef"]["name"] == service]
        if len(scalers) != 1 or scalers[0].get("minReplicas", 1) < 2:
            yield f"{service}: it may be alone"
        if "replicas" in workload.workload["spec"]:
            yield f"{service}: its replicas are the autoscaler's to say"


@breaks(there_is_always_another)
def a_service_that_may_be_alone(cluster: Cluster) -> None:
    cluster.one("HorizontalPodAutoscaler", "verifier")["spec"]["minReplicas"] = 1


@breaks(there_is_always_another)
def replicas_beside_an_autoscaler(cluster: Cluster) -> None:
    cluster.one("Deployment", "verifier")["spec"]["replicas"] = 3


@breaks(there_is_always_another)
def a_service_without_a_budget(cluster: Cluster) -> None:
    cluster.documents.remove(cluster.one("PodDisruptionBudget", "code-issuer"))


@breaks(there_is_always_another)
def a_budget_that_keeps_broken_pods(cluster: Cluster) -> None:
    del cluster.one("PodDisruptionBudget", "verifier")["spec"]["unhealthyPodEvictionPolicy"]


@production_rule
def images_are_named_by_digest(cluster: Cluster) -> Iterator[str]:
    for image in sorted(set(cluster.images())):
        if not re.search(r"@sha256:[0-9a-f]{64}$", image):
            yield f"{image}: it names no digest, so what runs tomorrow may be another"


@breaks(images_are_named_by_digest)
def an_image_by_tag(cluster: Cluster) -> None:
    cluster.services()[0].service["image"] = "registry.example/code-issuer:1.0"


@rule
def labels_say_what_each_is(cluster: Cluster) -> Iterator[str]:
    for service in SERVICES:
        pod = Pod(cluster.one("Deployment", service))
        wanted = {"app.kubernetes.io/name": service, "app.kubernetes.io/part-of": "postern"}
        if not wanted.items() <= pod.labels.items():
            yield f"{service}: its pods do not say what they are"
        if not matches(pod.workload["spec"]["selector"], pod.labels):
            yield f"{service}: it does not select its own pods"
        others = [name_of(it.workload) for it in cluster.pods() if it.name != service]
        for other in cluster.pods():
            if other.name in others and matches(pod.workload["spec"]["selector"], other.labels):
                yield f"{service}: it selects the pods of {other.name}"


@breaks(labels_say_what_each_is)
def a_service_that_selects_all(cluster: Cluster) -> None:
    part_of = {"app.kubernetes.io/part-of": "postern"}
    cluster.one("Deployment", "verifier")["spec"]["selector"]["matchLabels"] = part_of
