"""The whole cluster, and what tests ask of it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.control_plane import ControlPlane, wait_for
from testbed.images import Images
from testbed.worker import Worker


@dataclass
class Testbed:
    """A running cluster."""

    work: Path
    plane: ControlPlane
    workers: list[Worker]
    images: Images

    # Not a class of tests.
    __test__ = False

    def kubectl(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        return self.plane.kubectl(*arguments, given=given, check=check)

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The items that `kubectl get` lists."""
        told = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return told["items"] if "items" in told else [told]

    def wait_until_ready(self) -> None:
        """Until the nodes, the names and the metrics are there."""
        wait_for("three nodes", lambda: len(self.get("nodes")) == 3, self.plane)
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s")
        self.kubectl("-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s")
        self.kubectl("wait", "--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io", "--timeout=120s")

    def pods(self, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """The pods that are not being removed."""
        listed = self.get("-n", namespace, "pods", f"--selector={selector}")
        return [it for it in listed if "deletionTimestamp" not in it["metadata"]]

    def worker_of(self, pod: dict[str, Any]) -> Worker:
        (found,) = [it for it in self.workers if it.place.name == pod["spec"]["nodeName"]]
        return found

    def processes(self, pod: dict[str, Any], container: str) -> list[int]:
        """The processes of a container, as this namespace numbers them."""
        (status,) = [it for it in pod["status"]["containerStatuses"] if it["name"] == container]
        identity = status["containerID"].removeprefix("containerd://")
        listed = self.worker_of(pod).ctr("tasks", "ps", identity).splitlines()[1:]
        return [int(line.split()[0]) for line in listed]

    def entering(self, pod: dict[str, Any], *command: str) -> list[str]:
        """The command, in the network of a pod."""
        container = pod["status"]["containerStatuses"][0]["name"]
        process = self.processes(pod, container)[0]
        return ["nsenter", f"--net=/proc/{process}/ns/net", "--", *command]

    def inside(self, pod: dict[str, Any], *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a program of this machine in the network of a pod."""
        inside = self.entering(pod, *command)
        return subprocess.run(inside, input=given, capture_output=True, text=True, timeout=120)
