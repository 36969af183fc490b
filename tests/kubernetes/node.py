"""A small node: runs the pods of an overlay as a kubelet does, in namespaces of its own.

Runs as `unshare --net --mount --pid --fork --kill-child --mount-proc python node.py FILE`, so that all it
mounts and starts ends with it. Each pod has an address in a loopback network of its own, a
read-only root with its volumes where its manifest says, its user, and no capability.
Three things differ from a pod: the image (the host's libraries stand in for it), seccomp, and the memory
limit. tests/image/run covers them.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import volumes
from cluster import Cluster, Pod, matches, name_of

# The host's folders that stand in for an image and for a container runtime's additions.
HOSTS = ("/usr", "/lib", "/lib64", "/bin", "/dev")


def sh(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20)


@dataclass
class Container:
    """One container of a pod, and the process in it."""

    name: str
    root: Path
    user: int
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen | None = None

    def start(self) -> None:
        output = open(self.root.with_suffix(".log"), "w", encoding="utf-8")
        called = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        self.process = subprocess.Popen(
            [*called, *self.inside(self.command)], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output,
        )

    def inside(self, command: list[str]) -> list[str]:
        """The command, run in the container's root as its user, without privileges."""
        user = str(self.user)
        limits = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--clear-groups"]
        become = ["/usr/bin/setpriv", "--reuid", user, "--regid", user, *limits, "--"]
        return ["/usr/sbin/chroot", str(self.root), *become, *command]

    def status(self) -> dict[str, str]:
        """The kernel's status of the process."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def log(self) -> str:
        return self.root.with_suffix(".log").read_text()


class Node:
    """All containers of an overlay."""

    def __init__(self, cluster: Cluster, folder: Path, binaries: Path) -> None:
        sh("ip", "link", "set", "lo", "up")
        self.cluster, self.folder, self.binaries = cluster, folder, binaries
        self.pods = {host: pod for pod in cluster.pods() for host in pod.hosts}
        self.addresses = {host: f"127.0.1.{turn}" for turn, host in enumerate(self.pods, 1)}
        self.containers = {host: self.container(host, pod) for host, pod in self.pods.items()}

    def hosts(self) -> str:
        """The replies of the cluster's DNS."""
        lines = ["127.0.0.1 localhost"]
        for service in self.cluster.of("Service"):
            name, selector = name_of(service), {"matchLabels": service["spec"]["selector"]}
            for host in [host for host, pod in self.pods.items() if matches(selector, pod.labels)]:
                lines.append(f"{self.addresses[host]} {name} {host}.{name}")
        return "\n".join(lines) + "\n"

    def container(self, host: str, pod: Pod) -> Container:
        (container,) = pod.containers()
        root, security = self.folder / host, pod.spec["securityContext"]
        (root / "etc").mkdir(parents=True)
        (root / "etc/hosts").write_text(self.hosts())
        for folder in HOSTS:
            bind(Path(folder), root / folder[1:])
        (root / "proc").mkdir()
        sh("mount", "-t", "proc", "proc", str(root / "proc"))
        named = volumes.of(pod)
        for mount in container["volumeMounts"]:
            path, volume = root / mount["mountPath"][1:], named[mount["name"]]
            volumes.fill(self.cluster, volume, path, security["fsGroup"])
        command = container.get("command")
        if command is None:
            (root / "postern").mkdir()
            bind(self.binaries, root / "postern")
            command = [f"/postern/{pod.name}", *container.get("args", [])]
        writable = [root / it["mountPath"][1:] for it in container["volumeMounts"] if "readOnly" not in it]
        seal(root, writable)
        environment = volumes.environment(self.cluster, container)
        address = self.addresses[host]
        environment = {key: it.replace("0.0.0.0", address) for key, it in environment.items()}
        if "command" in container:
            # The pod has one address, at which it is called and from which it calls.
            own = ["--bind", address, "--bind-source-addr", address]
            command = [*command, *own, "--dir", container["workingDir"]]
        user = security["runAsUser"]
        return Container(host, root, user, command, {"PATH": "/usr/bin"} | environment)


def bind(source: Path, target: Path) -> None:
    """Shows a folder elsewhere, for reading."""
    target.mkdir(exist_ok=True)
    sh("mount", "--bind", str(source), str(target))
    sh("mount", "-o", "remount,bind,ro", str(target))


def seal(root: Path, writable: list[Path]) -> None:
    """Makes a root read-only except for these folders."""
    sh("mount", "--rbind", str(root), str(root))
    for folder in writable:
        sh("mount", "--bind", str(folder), str(folder))
    sh("mount", "-o", "remount,bind,ro", str(root))


if __name__ == "__main__":
    from recovery import recover

    given = json.loads(Path(sys.argv[1]).read_text())
    sh("mount", "--make-rprivate", "/")
    node = Node(Cluster(given["documents"]), Path(given["folder"]), Path(given["binaries"]))
    print(json.dumps(recover(node)))
