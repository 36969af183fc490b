"""Files of pods: the configuration, and for each pod only its own secrets."""

import re
from typing import Iterator

from cluster import SERVICES, Cluster, Pod, name_of
from policy import breaks, rule

# A generator appends a hash to the name.
HASHED = re.compile(r"-[a-z0-9]{10}$")

# The Secrets of each workload, in every overlay. deploy/kubernetes.md has the same list.
OWNERS = {
    "postern-peppers": {"code-issuer", "verifier"},
    "code-issuer-signing-keys": {"code-issuer"},
    "code-issuer-public-keys": {"verifier", "journey-runner"},
    "journey-runner-signing-keys": {"journey-runner"},
    "journey-runner-public-keys": {"verifier", "code-issuer"},
    "journey-runner-sealing-key": {"journey-runner"},
    "code-issuer-redis": {"code-issuer"},
    "verifier-redis": {"verifier"},
    "journey-runner-redis": {"journey-runner"},
    "console-redis": {"console"},
    "console-provider": {"console"},
    "console-client": {"console"},
    "redis-users": {"redis"},
    "redis-peers": {"redis"},
    "client-secrets": set(SERVICES),
    # Made by cert-manager, in the same way for every service.
    **{f"{name}-tls": {name} for name in (*SERVICES, "console", "redis")},
}


def sources(pod: Pod) -> Iterator[tuple[str, str, bool]]:
    """The sources of a pod's volumes: kind, name, and whether it is optional."""
    for volume in pod.spec.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", [volume]):
            if "secret" in source:
                secret = source["secret"]
                yield "Secret", secret.get("secretName") or secret["name"], False
            if "configMap" in source:
                optional = source["configMap"].get("optional", False)
                yield "ConfigMap", source["configMap"]["name"], optional


@rule
def secrets_are_files_of_their_owners(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for container in pod.containers():
            for variable in container.get("env", []):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    yield f"{pod.name}: {variable['name']} is a secret in a variable"
            if container.get("envFrom"):
                yield f"{pod.name}: its variables are not named one by one"
        for kind, name, _ in sources(pod):
            owners = OWNERS.get(HASHED.sub("", name), OWNERS.get(name))
            if kind == "Secret" and (owners is None or pod.name not in owners):
                yield f"{pod.name}: the secret {name} is none of its own"


@breaks(secrets_are_files_of_their_owners)
def a_secret_in_a_variable(cluster: Cluster) -> None:
    secret = {"secretKeyRef": {"name": "verifier-redis", "key": "password"}}
    cluster.services()[1].service["env"].append({"name": "PASSWORD", "valueFrom": secret})


@breaks(secrets_are_files_of_their_owners)
def a_runner_with_peppers(cluster: Cluster) -> None:
    issuer, _, runner = cluster.services()
    runner.spec["volumes"] += [it for it in issuer.spec["volumes"] if it["name"] == "peppers"]


@rule
def secrets_are_readable_by_one_group(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for volume in pod.spec.get("volumes", []):
            holder = volume.get("secret") or volume.get("projected")
            if holder and holder.get("defaultMode") != 0o440:
                yield f"{pod.name}: everybody in it may read {volume['name']}"
            if holder and "fsGroup" not in pod.spec["securityContext"]:
                yield f"{pod.name}: no container may read {volume['name']}; set its mode and fsGroup"


@breaks(secrets_are_readable_by_one_group)
def a_secret_that_everybody_may_read(cluster: Cluster) -> None:
    for volume in cluster.services()[0].spec["volumes"]:
        volume.get("secret", {}).pop("defaultMode", None)


@rule
def what_is_mounted_is_there(cluster: Cluster) -> Iterator[str]:
    made = {(it["kind"], name_of(it)) for it in cluster.documents}
    # The Secrets that cert-manager will create.
    made |= {("Secret", it["spec"]["secretName"]) for it in cluster.of("Certificate")}
    has_secrets = bool(cluster.of("Secret"))
    for pod in cluster.pods():
        names = {volume["name"] for volume in pod.spec.get("volumes", [])}
        # The claims of a StatefulSet are volumes too.
        for claim in pod.workload["spec"].get("volumeClaimTemplates", []):
            names.add(name_of(claim))
        for container in pod.containers():
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in names:
                    yield f"{pod.name}: there is no volume {mount['name']}"
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("configMapKeyRef")
                if reference and not _has_key(cluster, reference):
                    yield f"{pod.name}: {variable['name']} is nowhere"
        for kind, name, optional in sources(pod):
            # Secrets that an overlay does not make are created before it is applied.
            expected = kind == "ConfigMap" or has_secrets
            if expected and not optional and (kind, name) not in made:
                yield f"{pod.name}: there is no {kind} {name}"


def _has_key(cluster: Cluster, reference: dict) -> bool:
    found = [it for it in cluster.of("ConfigMap") if name_of(it) == reference["name"]]
    return any(reference["key"] in it.get("data", {}) for it in found)


@breaks(what_is_mounted_is_there)
def a_configuration_that_is_missing(cluster: Cluster) -> None:
    cluster.documents.remove(cluster.one("ConfigMap", "postern-journeys"))


@breaks(what_is_mounted_is_there)
def a_setting_that_is_missing(cluster: Cluster) -> None:
    del cluster.one("ConfigMap", "postern-settings")["data"]["store"]


@rule
def a_change_of_configuration_rolls_the_pods(cluster: Cluster) -> Iterator[str]:
    for document in cluster.of("ConfigMap") + cluster.of("Secret"):
        if not HASHED.search(name_of(document)):
            yield f"{name_of(document)}: its name stays when it changes"


@breaks(a_change_of_configuration_rolls_the_pods)
def a_configuration_by_a_fixed_name(cluster: Cluster) -> None:
    cluster.one("ConfigMap", "postern-applications")["metadata"]["name"] = "postern-applications"


@rule
def each_service_is_its_own_user_at_redis(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.services():
        variables = pod.environment()
        if variables.get("POSTERN_STORE_USERNAME", {}).get("value") != pod.name:
            yield f"{pod.name}: it is not its own user at Redis"
        if variables.get("POSTERN_STORE_CHECKS", {}).get("value", "on") != "on":
            yield f"{pod.name}: it takes a Redis that forgets"


@breaks(each_service_is_its_own_user_at_redis)
def a_service_under_anothers_name(cluster: Cluster) -> None:
    user = cluster.services()[2].environment()["POSTERN_STORE_USERNAME"]
    user["value"] = "verifier"
