"""Privileges of pods: the *restricted* profile, and stricter rules."""

from typing import Iterator

from cluster import Cluster, Pod, at
from policy import breaks, rule

# Volumes from the cluster, or that end with the pod; none of the node's own files.
VOLUMES = {"configMap", "secret", "projected", "emptyDir", "persistentVolumeClaim", "csi"}
LOWEST_USER = 10_000


@rule
def nobody_runs_as_root(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        own = pod.spec.get("securityContext", {})
        for container in pod.containers():
            context = own | container.get("securityContext", {})
            if context.get("runAsNonRoot") is not True:
                yield f"{pod.name}/{container['name']}: runAsNonRoot is not true"
            if context.get("runAsUser", 0) < LOWEST_USER:
                yield f"{pod.name}/{container['name']}: its user is below {LOWEST_USER}"


@breaks(nobody_runs_as_root)
def a_pod_that_may_be_root(cluster: Cluster) -> None:
    del cluster.pods()[0].spec["securityContext"]["runAsNonRoot"]


@breaks(nobody_runs_as_root)
def a_container_with_a_user_of_its_own(cluster: Cluster) -> None:
    cluster.services()[0].service["securityContext"]["runAsUser"] = 0


@rule
def seccomp_is_on(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for container in pod.containers():
            context = pod.spec.get("securityContext", {}) | container.get("securityContext", {})
            if at(context, "seccompProfile.type") != "RuntimeDefault":
                yield f"{pod.name}/{container['name']}: seccomp is not the runtime's default"


@breaks(seccomp_is_on)
def a_pod_without_seccomp(cluster: Cluster) -> None:
    cluster.pods()[-1].spec["securityContext"]["seccompProfile"]["type"] = "Unconfined"


@rule
def no_privileges(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for container in pod.containers():
            context, where = container.get("securityContext", {}), f"{pod.name}/{container['name']}"
            if at(context, "capabilities.drop") != ["ALL"] or at(context, "capabilities.add"):
                yield f"{where}: it keeps capabilities"
            if context.get("allowPrivilegeEscalation") is not False:
                yield f"{where}: its privileges may grow"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{where}: it may write to its image"
            for unusual in ("privileged", "procMount", "seLinuxOptions", "windowsOptions"):
                if unusual in context:
                    yield f"{where}: {unusual} is nothing that it needs"


@breaks(no_privileges)
def a_container_with_a_capability(cluster: Cluster) -> None:
    capabilities = cluster.services()[1].service["securityContext"]["capabilities"]
    capabilities["add"] = ["NET_BIND_SERVICE"]


@breaks(no_privileges)
def a_container_whose_privileges_may_grow(cluster: Cluster) -> None:
    del cluster.services()[1].service["securityContext"]["allowPrivilegeEscalation"]


@breaks(no_privileges)
def a_container_that_may_write(cluster: Cluster) -> None:
    cluster.services()[2].service["securityContext"]["readOnlyRootFilesystem"] = False


@breaks(no_privileges)
def a_privileged_container(cluster: Cluster) -> None:
    cluster.services()[2].service["securityContext"]["privileged"] = True


@rule
def the_node_is_out_of_reach(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for name in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            if pod.spec.get(name):
                yield f"{pod.name}: {name}"
        if at(pod.spec, "securityContext.sysctls"):
            yield f"{pod.name}: sysctls"
        for volume in pod.spec.get("volumes", []):
            for kind in set(volume) - {"name"} - VOLUMES:
                yield f"{pod.name}: the volume {volume['name']} is a {kind}"
        for container in pod.containers():
            if any("hostPort" in port for port in container.get("ports", [])):
                yield f"{pod.name}/{container['name']}: a port of the node"


@breaks(the_node_is_out_of_reach)
def a_folder_of_the_node(cluster: Cluster) -> None:
    volume = {"name": "node", "hostPath": {"path": "/"}}
    cluster.services()[0].spec["volumes"].append(volume)


@breaks(the_node_is_out_of_reach)
def the_network_of_the_node(cluster: Cluster) -> None:
    cluster.services()[0].spec["hostNetwork"] = True


@breaks(the_node_is_out_of_reach)
def a_port_of_the_node(cluster: Cluster) -> None:
    cluster.services()[0].service["ports"][0]["hostPort"] = 80


@rule
def nobody_speaks_to_the_cluster(cluster: Cluster) -> Iterator[str]:
    accounts = {it["metadata"]["name"]: it for it in cluster.of("ServiceAccount")}
    for pod in cluster.pods():
        account = accounts.get(pod.spec.get("serviceAccountName", "default"))
        if account is None or account["metadata"]["name"] != pod.name:
            yield f"{pod.name}: it has no service account of its own"
        for holder in (pod.spec, account or {}):
            if holder.get("automountServiceAccountToken") is not False:
                yield f"{pod.name}: it is given a token"
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name}: Services add variables"
    for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        for document in cluster.of(kind):
            yield f"{kind} {document['metadata']['name']}: no service needs rights; remove it"


@breaks(nobody_speaks_to_the_cluster)
def a_pod_with_a_token(cluster: Cluster) -> None:
    del cluster.pods()[0].spec["automountServiceAccountToken"]


@breaks(nobody_speaks_to_the_cluster)
def a_pod_without_an_account(cluster: Cluster) -> None:
    cluster.services()[0].spec["serviceAccountName"] = "verifier"


@rule
def memory_is_reserved_and_cpu_is_not_limited(cluster: Cluster) -> Iterator[str]:
    for pod in cluster.pods():
        for container in pod.containers():
            yield from _resources(pod, container)


def _resources(pod: Pod, container: dict) -> Iterator[str]:
    where = f"{pod.name}/{container['name']}"
    requests, limits = (at(container, f"resources.{kind}", {}) for kind in ("requests", "limits"))
    if not requests.get("memory") or requests["memory"] != limits.get("memory"):
        yield f"{where}: its limit of memory is not its request"
    if not requests.get("cpu"):
        yield f"{where}: it requests no CPU"
    if "cpu" in limits:
        yield f"{where}: its CPU is limited"


@breaks(memory_is_reserved_and_cpu_is_not_limited)
def memory_that_is_the_neighbours(cluster: Cluster) -> None:
    cluster.services()[0].service["resources"]["limits"]["memory"] = "1Gi"


@breaks(memory_is_reserved_and_cpu_is_not_limited)
def a_limit_of_cpu(cluster: Cluster) -> None:
    cluster.services()[0].service["resources"]["limits"]["cpu"] = "1"


@rule
def the_cluster_itself_refuses_more(cluster: Cluster) -> Iterator[str]:
    (namespace,) = cluster.of("Namespace")
    labels = namespace["metadata"].get("labels", {})
    if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce the restricted profile"
    for document in cluster.documents:
        if document["kind"] != "Namespace":
            if document["metadata"].get("namespace") != namespace["metadata"]["name"]:
                yield f"{document['kind']} {document['metadata']['name']}: in another namespace"


@breaks(the_cluster_itself_refuses_more)
def a_namespace_that_takes_anything(cluster: Cluster) -> None:
    cluster.of("Namespace")[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "baseline"
