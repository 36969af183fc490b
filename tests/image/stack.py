"""The pods of an overlay as containers. Each has the image, user, variables, files and limits of its
manifest, on a private network that resolves the names of the Services."""

import itertools
import time
from dataclasses import dataclass, field
from pathlib import Path

import volumes
from cluster import Cluster, Document, Pod, matches, name_of
from docker import Daemon
from recovery import ask

NETWORK = "postern"
LIMIT = 60.0


@dataclass
class Running:
    """One container."""

    daemon: Daemon
    name: str
    service: str
    ports: dict[str, str] = field(default_factory=dict)

    def url(self, port: str) -> str:
        """The URL of one of its ports on the host's loopback."""
        if port not in self.ports:
            self.ports[port] = self.daemon.docker("port", self.name, port).splitlines()[0]
        return f"http://{self.ports[port]}"

    def is_ready(self) -> bool:
        return ask(f"{self.url('9090')}/readyz")[0] == 200

    def wait_until_ready(self) -> None:
        begun = time.monotonic()
        while not self.is_ready():
            assert time.monotonic() - begun < LIMIT, f"{self.name} is not ready: {self.log()}"
            time.sleep(0.01)

    def state(self) -> dict:
        return self.daemon.inspect(self.name)["State"]

    def status(self) -> dict[str, str]:
        """The kernel's status of its process."""
        lines = Path(f"/proc/{self.state()['Pid']}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def log(self) -> str:
        return self.daemon.docker("logs", self.name, check=False)


class Stack:
    """The containers of an overlay."""

    def __init__(self, daemon: Daemon, cluster: Cluster, folder: Path) -> None:
        self.daemon, self.cluster, self.folder = daemon, cluster, folder
        self.numbers = itertools.count(1)
        daemon.docker("network", "create", NETWORK)

    def end(self) -> None:
        """Removes every container, and the network."""
        self.daemon.docker("rm", "-f", *self.daemon.docker("ps", "-aq").split())
        self.daemon.docker("network", "rm", NETWORK)

    def start(self, service: str, host: str | None = None) -> Running:
        """Starts one replica: the first container of its pod, and the others in its network. The host
        name is for a pod of a StatefulSet."""
        (pod,) = [it for it in self.cluster.pods() if it.name == service]
        name = host or f"{service}-{next(self.numbers)}"
        first, *others = pod.containers()
        network = ["--network", NETWORK]
        for known in self.cluster.of("Service"):
            if matches({"matchLabels": known["spec"]["selector"]}, pod.labels):
                network += ["--network-alias", name_of(known)]
        if host:
            network += ["--hostname", host, "--network-alias", f"{host}.{service}"]
        for port in first["ports"] if first["name"] == "service" else []:
            network += ["--publish", f"127.0.0.1::{port['containerPort']}"]
        self.run(pod, first, name, name, network)
        for other in others:
            self.run(pod, other, f"{name}-{other['name']}", name, ["--network", f"container:{name}"])
        return Running(self.daemon, name, service)

    def run(self, pod: Pod, container: Document, name: str, folder: str, network: list[str]) -> None:
        command = ["run", "--detach", "--name", name, *network, "--restart", "on-failure"]
        command += self.limits(pod, container) + self.mounts(pod, container, folder)
        for key, value in volumes.environment(self.cluster, container).items():
            command += ["--env", f"{key}={value}"]
        if "workingDir" in container:
            command += ["--workdir", container["workingDir"]]
        arguments = [*container.get("command", []), *container.get("args", [])]
        self.daemon.docker(*command, container["image"], *arguments)

    def limits(self, pod: Pod, container: Document) -> list[str]:
        """The limits of the container. The default seccomp profile is Docker's."""
        security = pod.spec["securityContext"]
        memory = container["resources"]["limits"]["memory"].lower().removesuffix("i")
        grace = str(pod.spec.get("terminationGracePeriodSeconds", 30))
        user = f"{security['runAsUser']}:{security['runAsGroup']}"
        held = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        return [*held, "--user", user, "--memory", memory, "--memory-swap", memory, "--stop-timeout", grace]

    def mounts(self, pod: Pod, container: Document, name: str) -> list[str]:
        """The pod's volumes, which its containers share."""
        arguments, group = [], pod.spec["securityContext"]["fsGroup"]
        sources = volumes.of(pod)
        for mount in container["volumeMounts"]:
            folder = self.folder / name / mount["name"]
            volumes.fill(self.cluster, sources[mount["name"]], folder, group)
            mode = "ro" if mount.get("readOnly") else "rw"
            arguments += ["--volume", f"{folder}:{mount['mountPath']}:{mode}"]
        return arguments
