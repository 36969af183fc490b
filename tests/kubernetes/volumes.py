"""Gives a pod its volumes' files and its variables, as a kubelet does."""

import base64
import os
from pathlib import Path

from cluster import Cluster, Document, Pod, name_of


def of(pod: Pod) -> dict[str, Document]:
    """A pod's volumes by name. A claim is an empty folder here."""
    claims = pod.workload["spec"].get("volumeClaimTemplates", [])
    named = {volume["name"]: volume for volume in pod.spec["volumes"]}
    return named | {name_of(claim): {"emptyDir": {}} for claim in claims}


def content(cluster: Cluster, volume: Document) -> dict[str, bytes]:
    """The files of a volume."""
    files: dict[str, bytes] = {}
    for source in volume.get("projected", {}).get("sources", [volume]):
        if "secret" in source:
            name = source["secret"].get("secretName") or source["secret"]["name"]
            data = cluster.one("Secret", name)["data"]
            files |= {key: base64.b64decode(value) for key, value in data.items()}
        elif "configMap" in source:
            wanted = source["configMap"]
            named = [it for it in cluster.of("ConfigMap") if name_of(it) == wanted["name"]]
            assert named or wanted.get("optional"), f"there is no ConfigMap {wanted['name']}"
            for config in named:
                files |= {key: value.encode() for key, value in config["data"].items()}
    return files


def fill(cluster: Cluster, volume: Document, folder: Path, group: int) -> None:
    """Creates a volume. It belongs to root, and its mode says what the group may read; one without a source is
    writable for the group."""
    folder.mkdir(parents=True, exist_ok=True)
    if "emptyDir" in volume:
        os.chown(folder, 0, group)
        folder.chmod(0o2770)
        return
    holder = volume.get("secret") or volume.get("projected") or volume["configMap"]
    for name, data in content(cluster, volume).items():
        (folder / name).write_bytes(data)
        os.chown(folder / name, 0, group)
        (folder / name).chmod(holder.get("defaultMode", 0o644))


def environment(cluster: Cluster, container: Document) -> dict[str, str]:
    """A container's variables."""
    return {it["name"]: _value(cluster, it) for it in container.get("env", [])}


def _value(cluster: Cluster, variable: Document) -> str:
    if "value" in variable:
        return variable["value"]
    reference = variable["valueFrom"]["configMapKeyRef"]
    (config,) = [it for it in cluster.of("ConfigMap") if name_of(it) == reference["name"]]
    return config["data"][reference["key"]]
