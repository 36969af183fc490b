"""Builds the images of the cluster's pods from programs of this machine, as archives in the format of OCI:
none can be pulled."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from roots import REDIS, add_libraries, add_programs

from testbed.programs import Program

REDIS_IMAGE = "docker.io/library/redis:7.2"
SERVICES = ("code-issuer", "verifier", "journey-runner", "console")
PAUSE = "#include <unistd.h>\nint main(void) { for (;;) pause(); }"
MEDIA = "application/vnd.oci.image"


def registry(service: str) -> str:
    """The image's name in the registry of the tests, without a digest."""
    return f"registry.example/{service}"


class Images:
    """The archives, and the digest of each image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archives: list[Path] = []
        self.digests: dict[str, str] = {}

    def add(self, name: str, root: Path, config: dict, *tags: str) -> None:
        """Writes one image as an archive. It has the given tags, and its name with its digest."""
        blobs: dict[str, bytes] = {}

        def blob(data: bytes, kind: str) -> dict:
            digest = hashlib.sha256(data).hexdigest()
            blobs[f"blobs/sha256/{digest}"] = data
            return {"mediaType": f"{MEDIA}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

        layer = blob(packed(root), "layer.v1.tar")
        filesystem = {"type": "layers", "diff_ids": [layer["digest"]]}
        whole = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": filesystem}
        settings = blob(json.dumps(whole).encode(), "config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": f"{MEDIA}.manifest.v1+json", "config": settings, "layers": [layer]}
        described = blob(json.dumps(manifest).encode(), "manifest.v1+json")
        self.digests[name] = described["digest"]
        names = [*tags, f"{registry(name)}@{described['digest']}"]
        entries = [described | {"annotations": {"io.containerd.image.name": it}} for it in names]
        blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
        blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
        archive = self.folder / f"{name}.tar"
        with tarfile.open(archive, "w") as out:
            for path, data in blobs.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(data)
                out.addfile(entry, io.BytesIO(data))
        self.archives.append(archive)


def packed(root: Path) -> bytes:
    """A folder as an archive whose files belong to root."""
    out = io.BytesIO()

    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        return entry

    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(root, "", filter=owned)
    return out.getvalue()


def with_binary(root: Path, source: Path, name: str) -> Path:
    """A root with one program, without its symbols, and the libraries that it needs."""
    root.mkdir(parents=True)
    subprocess.run(["strip", "-o", root / name, source], check=True)
    add_libraries(root, source)
    return root


def build(folder: Path) -> Images:
    """All images of the cluster."""
    images, roots = Images(folder), folder / "roots"
    folder.mkdir()
    for service in SERVICES:
        root = with_binary(roots / service, Path(os.environ["POSTERN_BINARIES"]) / service, "service")
        authorities = root / "etc/ssl/certs"
        authorities.mkdir(parents=True)
        shutil.copy2("/etc/ssl/certs/ca-certificates.crt", authorities)
        config = {"User": "10001:10001", "Entrypoint": ["/service"]}
        images.add(service, root, config, f"docker.io/postern/{service}:local")
    redis = roots / "redis"
    add_programs(redis, REDIS)
    images.add("redis", redis, {"Env": ["PATH=/usr/bin:/bin"]}, REDIS_IMAGE)
    dns = with_binary(roots / "coredns", Path(Program.path("coredns")), "coredns")
    images.add("coredns", dns, {"Entrypoint": ["/coredns"]}, "docker.io/library/coredns:local")
    collector = with_binary(roots / "collector", Path(os.environ["COLLECTOR"]), "otelcol")
    images.add("opentelemetry-collector", collector, {"Entrypoint": ["/otelcol"]})
    (roots / "pause").mkdir()
    compiler = ["cc", "-static", "-x", "c", "-", "-o", roots / "pause/pause"]
    subprocess.run(compiler, input=PAUSE, text=True, check=True)
    images.add("pause", roots / "pause", {"Entrypoint": ["/pause"]}, "registry.k8s.io/pause:3.10")
    shutil.rmtree(roots)
    return images
