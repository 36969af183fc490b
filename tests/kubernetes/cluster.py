"""Rendered manifests, and queries on them for the rules."""

import copy
from dataclasses import dataclass
from typing import Any, Iterator

Document = dict[str, Any]
SERVICES = ("code-issuer", "verifier", "journey-runner")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "ReplicaSet")


def at(document: Any, path: str, default: Any = None) -> Any:
    """The value at a path such as `spec.template.spec`, or the default."""
    for name in path.split("."):
        if not isinstance(document, dict) or name not in document:
            return default
        document = document[name]
    return document


def name_of(document: Document) -> str:
    return document["metadata"]["name"]


@dataclass(frozen=True)
class Pod:
    """The pods of one workload."""

    workload: Document

    @property
    def name(self) -> str:
        return name_of(self.workload)

    @property
    def hosts(self) -> list[str]:
        """The host names of the pods: numbered for a StatefulSet, one name for others."""
        if self.workload["kind"] != "StatefulSet":
            return [self.name]
        return [f"{self.name}-{number}" for number in range(self.workload["spec"]["replicas"])]

    @property
    def labels(self) -> dict[str, str]:
        return at(self.workload, "spec.template.metadata.labels", {})

    @property
    def spec(self) -> Document:
        return self.workload["spec"]["template"]["spec"]

    def containers(self) -> Iterator[Document]:
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            yield from self.spec.get(kind, [])

    @property
    def service(self) -> Document:
        """The container of a service of Postern."""
        (container,) = [it for it in self.containers() if it["name"] == "service"]
        return container

    def environment(self) -> dict[str, Document]:
        return {variable["name"]: variable for variable in self.service.get("env", [])}


@dataclass(frozen=True)
class Cluster:
    """All objects of one overlay."""

    documents: list[Document]

    def copy(self) -> "Cluster":
        return Cluster(copy.deepcopy(self.documents))

    def of(self, kind: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] == kind]

    def one(self, kind: str, name: str) -> Document:
        """The object of that name, without the hash at its end."""
        found = [it for it in self.of(kind) if name_of(it) == name]
        found = found or [it for it in self.of(kind) if name_of(it).rsplit("-", 1)[0] == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]

    def pods(self) -> list[Pod]:
        return [Pod(document) for document in self.documents if document["kind"] in WORKLOADS]

    def services(self) -> list[Pod]:
        """The pods of Postern's own services, with the console where it is added."""
        console = [Pod(it) for it in self.of("Deployment") if name_of(it) == "console"]
        return [Pod(self.one("Deployment", service)) for service in SERVICES] + console

    def images(self) -> list[str]:
        return [container["image"] for pod in self.pods() for container in pod.containers()]


def matches(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a label selector matches these labels."""
    assert set(selector) <= {"matchLabels"}, "only matchLabels are understood here"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
