"""Connections to Redis: in production all of them use TLS."""

from typing import Iterator

from cluster import Cluster, Pod, name_of
from policy import breaks, production_rule, rule


def store(cluster: Cluster) -> tuple[str, list[str]]:
    """The scheme of the store's URL, and the hosts in it."""
    scheme, _, rest = cluster.one("ConfigMap", "postern-settings")["data"]["store"].partition("://")
    return scheme, [it.rsplit(":", 1)[0] for it in rest.split("/")[0].split(",")]


def has_file(pod: Pod, container: dict, path: str) -> bool:
    """Whether a file of a Secret is mounted there."""
    secrets = {it["name"] for it in pod.spec["volumes"] if "secret" in it}
    folder = path.rsplit("/", 1)[0]
    return any(it["mountPath"] == folder and it["name"] in secrets for it in container["volumeMounts"])


@production_rule
def redis_is_spoken_to_under_tls(cluster: Cluster) -> Iterator[str]:
    scheme, _ = store(cluster)
    if scheme.split("+")[0] != "rediss":
        yield f"the store is spoken to in the clear: {scheme}"
    for pod in cluster.services():
        authority = pod.environment().get("POSTERN_STORE_AUTHORITY", {}).get("value", "")
        if not has_file(pod, pod.service, authority):
            yield f"{pod.name}: the CA of Redis is not set, or not mounted"


@breaks(redis_is_spoken_to_under_tls)
def a_store_in_the_clear(cluster: Cluster) -> None:
    data = cluster.one("ConfigMap", "postern-settings")["data"]
    data["store"] = data["store"].replace("rediss", "redis", 1)


@breaks(redis_is_spoken_to_under_tls)
def a_service_that_believes_any_redis(cluster: Cluster) -> None:
    variables = cluster.services()[1].service["env"]
    variables[:] = [it for it in variables if it["name"] != "POSTERN_STORE_AUTHORITY"]


@breaks(redis_is_spoken_to_under_tls)
def an_authority_that_is_not_mounted(cluster: Cluster) -> None:
    cluster.services()[0].environment()["POSTERN_STORE_AUTHORITY"]["value"] = "/etc/ssl/ca.crt"


@production_rule
def redis_has_a_certificate_for_each_of_its_names(cluster: Cluster) -> Iterator[str]:
    certificates = {it["spec"]["secretName"]: it["spec"] for it in cluster.of("Certificate")}
    for pod in cluster.pods():
        if pod.name != "redis":
            continue
        for container in pod.containers():
            if not has_file(pod, container, "/etc/redis-tls/tls.crt"):
                yield f"redis/{container['name']}: it has no certificate"
        mounted = {it.get("secret", {}).get("secretName") for it in pod.spec["volumes"]}
        names = {name for it in mounted & set(certificates) for name in certificates[it]["dnsNames"]}
        for host in [*(f"{it}.redis" for it in pod.hosts), *store(cluster)[1]]:
            if host not in names:
                yield f"redis: its certificate is not for {host}"
        for config in cluster.of("ConfigMap"):
            if name_of(config).startswith("redis-configuration-"):
                if "port 0" not in config["data"].get("tls.conf", "").splitlines():
                    yield "redis: it can be spoken to in the clear"


@breaks(redis_has_a_certificate_for_each_of_its_names)
def a_sentinel_without_a_certificate(cluster: Cluster) -> None:
    (redis,) = [pod for pod in cluster.pods() if pod.name == "redis"]
    sentinel = list(redis.containers())[1]
    sentinel["volumeMounts"] = [it for it in sentinel["volumeMounts"] if it["name"] != "tls"]


@breaks(redis_has_a_certificate_for_each_of_its_names)
def a_redis_that_also_speaks_in_the_clear(cluster: Cluster) -> None:
    data = cluster.one("ConfigMap", "redis-configuration")["data"]
    data["tls.conf"] = data["tls.conf"].replace("port 0\n", "")


@breaks(redis_has_a_certificate_for_each_of_its_names)
def a_redis_under_a_name_that_no_certificate_is_for(cluster: Cluster) -> None:
    cluster.one("Certificate", "redis")["spec"]["dnsNames"].remove("redis-2.redis")


@production_rule
def redis_is_restarted_before_its_certificate_ends(cluster: Cluster) -> Iterator[str]:
    """Redis reads its certificate at the start only: there must be time for a restart before it expires."""
    for spec in [it["spec"] for it in cluster.of("Certificate") if name_of(it) == "redis"]:
        if int(spec["renewBefore"].removesuffix("h")) < 90 * 24:
            yield "redis: less than 90 days are left to restart it"


@breaks(redis_is_restarted_before_its_certificate_ends)
def a_certificate_that_ends_with_its_renewal(cluster: Cluster) -> None:
    cluster.one("Certificate", "redis")["spec"]["renewBefore"] = "240h"


UNITS = {"mi": 2**20, "mb": 2**20, "gi": 2**30, "gb": 2**30}


def size(text: str) -> int:
    """Converts a size of Redis or Kubernetes to bytes."""
    return int(text[:-2]) * UNITS[text[-2:].lower()]


def servers(cluster: Cluster) -> Iterator[tuple[Pod, dict, list[str]]]:
    """The containers that run a Redis, with their arguments."""
    for pod in cluster.pods():
        for container in pod.containers():
            words = [*container.get("command", []), *container.get("args", [])]
            if "redis" in container["image"] and "start-sentinel" not in words[0]:
                yield pod, container, words


@rule
def redis_is_full_before_its_pod_is(cluster: Cluster) -> Iterator[str]:
    """A full Redis refuses writes; a full pod is killed. The rest is for forks and buffers."""
    for pod, container, words in servers(cluster):
        if "--maxmemory" not in words[:-1]:
            yield f"{pod.name}: its Redis takes memory without an end"
            continue
        most = size(words[words.index("--maxmemory") + 1])
        limit = size(container["resources"]["limits"]["memory"])
        if not 0 < most <= 0.7 * limit:
            yield f"{pod.name}: maxmemory is {most}, of a limit of {limit}"
        script = words[0].removeprefix("/etc/redis-scripts/")
        if script != words[0]:
            lines = cluster.one("ConfigMap", "redis-scripts")["data"][script].splitlines()
            if not lines[-1].endswith(' "$@"'):
                yield f"{pod.name}: {script} does not tell Redis what it is started with"
    for config in cluster.of("ConfigMap"):
        if name_of(config).startswith("redis-configuration"):
            if "maxmemory-policy noeviction" not in config["data"]["redis.conf"].splitlines():
                yield "redis: it evicts"


def first_server(cluster: Cluster) -> dict:
    return next(container for _, container, _ in servers(cluster))


@breaks(redis_is_full_before_its_pod_is)
def a_redis_without_maxmemory(cluster: Cluster) -> None:
    first_server(cluster)["command"] = ["/etc/redis-scripts/start-redis"]


@breaks(redis_is_full_before_its_pod_is)
def a_redis_that_may_take_all_of_its_pod(cluster: Cluster) -> None:
    first_server(cluster)["resources"]["limits"]["memory"] = "640Mi"


@breaks(redis_is_full_before_its_pod_is)
def a_redis_without_a_bound(cluster: Cluster) -> None:
    command = first_server(cluster)["command"]
    command[command.index("--maxmemory") + 1] = "0mb"


@breaks(redis_is_full_before_its_pod_is)
def a_script_that_forgets_its_arguments(cluster: Cluster) -> None:
    scripts = cluster.one("ConfigMap", "redis-scripts")["data"]
    scripts["start-redis"] = scripts["start-redis"].replace(' "$@"', "")


@breaks(redis_is_full_before_its_pod_is)
def a_redis_that_evicts(cluster: Cluster) -> None:
    data = cluster.one("ConfigMap", "redis-configuration")["data"]
    data["redis.conf"] = data["redis.conf"].replace("noeviction", "allkeys-lru")
