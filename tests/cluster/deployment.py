"""Deploys an overlay by the steps of deploy/kubernetes.md."""

import hashlib
import os
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import documented
from cluster import SERVICES, name_of
from rendering import copy
from testbed.control_plane import wait_for
from testbed.images import registry
from testbed.nodes import Testbed

NAMESPACE = "postern"
CONFIGURATION = Path(__file__).parent / "configuration"
PAIRED = Path(__file__).parents[2] / "services/postern/demo/journeys/account-recovery.yaml"
# The labels of step 5, one for each namespace of callers.
OUTSIDE = {
    "backends": "postern-callers", "gateway": "postern-edge", "monitoring": "postern-monitoring",
    "directory": "postern-directory",
}
# What stands for the registry's images.
IMAGES = {f"postern.invalid/{it}": it for it in (*SERVICES, "console")} | {
    "docker.io/library/redis": "redis", "docker.io/otel/opentelemetry-collector": "opentelemetry-collector",
}


@dataclass(frozen=True)
class Overlay:
    """An overlay of deploy/kubernetes, and what its operator changes in a copy of it."""

    name: str
    base: str
    # Lines of its kustomization, and what replaces them.
    replaced: tuple[tuple[str, str], ...] = ()
    # Adds files to the copy, and creates secrets.
    added: Callable[["Deployment"], None] = lambda _: None


LOCAL, PRODUCTION = Overlay("local", "local"), Overlay("production", "production")


@dataclass
class Deployment:
    """What is deployed in the cluster."""

    bed: Testbed
    patience: float
    overlay: Overlay | None = None
    secret: str = ""
    folder: Path = Path()
    took: dict[str, float] = field(default_factory=dict)

    def have(self, overlay: Overlay) -> None:
        """Makes sure that this overlay is deployed and ready."""
        if self.overlay == overlay:
            return
        self.remove()
        self.copy(overlay)
        if overlay.base == "local":
            self.secret = (copy() / "kubernetes/secrets/drawn/client-secrets/help-desk").read_text().strip()
        else:
            self.prepare()
        self.create_namespaces()
        overlay.added(self)
        begun = time.monotonic()
        self.apply()
        self.overlay = overlay
        self.wait_until_ready()
        self.took[overlay.name] = time.monotonic() - begun

    def copy(self, overlay: Overlay) -> None:
        """Step 1: a copy of the overlay."""
        self.folder = copy() / "kubernetes/overlays" / f"{overlay.name}-here"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.folder.with_name(overlay.base), self.folder)
        kustomization = self.folder / "kustomization.yaml"
        text = kustomization.read_text()
        for line, instead in overlay.replaced:
            assert line in text, line
            text = text.replace(line, instead)
        kustomization.write_text(text)

    def prepare(self) -> None:
        """Steps 2 to 4: configuration, images and secrets."""
        self.configure()
        for image, name in IMAGES.items():
            given = f"{image}={registry(name)}@{self.bed.images.digests[name]}"
            subprocess.run([os.environ["KUSTOMIZE"], "edit", "set", "image", given], cwd=self.folder, check=True)
        shutil.rmtree(documented.home(self.bed) / "postern-secrets", ignore_errors=True)
        documented.run(self.bed, documented.block("kubernetes.md", "umask 077"))

    def configure(self) -> None:
        """The operator's own configuration, in which the client's secret is only a hash."""
        self.secret = secrets.token_hex(24)
        hashed = hashlib.sha256(self.secret.encode()).hexdigest()
        target = self.folder / "configuration"
        for file in CONFIGURATION.rglob("*.yaml"):
            text = file.read_text().replace("SHA256_OF_THE_SECRET", hashed)
            (target / file.relative_to(CONFIGURATION)).write_text(text)
        shutil.copy(PAIRED, target / "journeys")

    def create_namespaces(self) -> None:
        """Step 5: the namespaces that may connect, and one that may not."""
        self.bed.kubectl("apply", "-f", str(copy() / "kubernetes/base/namespace.yaml"))
        for namespace, label in (OUTSIDE | {"elsewhere": ""}).items():
            self.bed.kubectl("create", "namespace", namespace, check=False)
            if label:
                self.bed.kubectl("label", "--overwrite", "namespace", namespace, f"{label}=true")

    @property
    def has_tls(self) -> bool:
        """Whether gRPC is spoken under TLS."""
        return self.overlay.base == "production"

    def kubectl(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        return self.bed.kubectl("-n", NAMESPACE, *arguments, given=given, check=check)

    def apply(self) -> None:
        self.bed.kubectl("apply", "-k", str(self.folder))

    def restart(self, *deployments: str) -> None:
        """As the runbooks say: `rollout restart`, followed by `rollout status`."""
        for name in deployments:
            self.kubectl("rollout", "restart", f"deployment/{name}")
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=240s")

    def wait_until_ready(self, limit: float = 240) -> float:
        """Until every pod is ready, as many as there should be."""

        def holds() -> bool:
            pods = self.bed.pods(NAMESPACE, "app.kubernetes.io/name")
            workloads = self.bed.get("-n", NAMESPACE, "deployments,statefulsets")
            wanted = {name_of(it): it["spec"].get("replicas", 1) for it in workloads}
            for scaled in self.bed.get("-n", NAMESPACE, "hpa"):
                name = name_of(scaled)
                wanted[name] = max(wanted[name], scaled["spec"]["minReplicas"])
            return len(pods) == sum(wanted.values()) and all(is_ready(it) for it in pods)

        try:
            return wait_for("all pods are ready", holds, self.bed.plane, limit)
        except AssertionError as error:
            error.add_note(self.bed.kubectl("-n", NAMESPACE, "get", "pods", "-o", "wide", check=False))
            error.add_note(self.events())
            raise

    def events(self) -> str:
        return self.kubectl("get", "events", "--sort-by=.lastTimestamp", check=False)[-6000:]

    def remove(self) -> None:
        """Deletes the namespace, and empties the volumes for the next Redis."""
        if self.overlay is None:
            return
        self.bed.kubectl("delete", "namespace", NAMESPACE, "--timeout=180s")
        for volume in self.bed.get("persistentvolumes"):
            name, folder = volume["metadata"]["name"], Path(volume["spec"]["local"]["path"])
            if "claimRef" in volume["spec"]:
                for it in folder.iterdir():
                    shutil.rmtree(it) if it.is_dir() else it.unlink()
                released = '[{"op": "remove", "path": "/spec/claimRef"}]'
                self.bed.kubectl("patch", "persistentvolume", name, "--type=json", f"--patch={released}")
        self.overlay = None

    def pod(self, name: str) -> dict:
        """One pod of a workload."""
        return self.bed.pods(NAMESPACE, f"app.kubernetes.io/name={name}")[0]


def is_ready(pod: dict) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)
