"""Renders overlays as in a deployment: from a copy, with generated secrets and image names."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml
from cluster import Cluster

DEPLOY = Path(__file__).parents[2] / "deploy"
OVERLAYS = sorted(folder.name for folder in (DEPLOY / "kubernetes/overlays").iterdir())

# Stands in for a registry's reply. No image has this digest.
DIGEST = "sha256:" + "5eed" * 16


def components_of(overlay: str) -> list[str]:
    file = DEPLOY / "kubernetes/overlays" / overlay / "kustomization.yaml"
    named = [Path(it).name for it in yaml.safe_load(file.read_text())["components"]]
    return [component for component in named if component != "configuration"]


# The overlays to render, some of them with other components in place of one.
CHOICES = {
    "local-with-sentinels": ("local", {"redis-development": ["redis-sentinel"]}),
    "local-with-sentinels-and-tls": (
        "local", {"redis-development": ["redis-sentinel", "mutual-tls", "redis-sentinel-tls"]}
    ),
    "local-with-a-cluster": ("local", {"redis-development": ["redis-cluster"]}),
    "local-with-a-cluster-and-tls": (
        "local", {"redis-development": ["redis-cluster", "mutual-tls", "redis-cluster-tls"]}
    ),
    "local-with-tls": ("local", {"redis-development": ["redis-development", "mutual-tls"]}),
    "local-with-ipv6": ("local", {"network-policies": ["network-policies", "ipv6"]}),
    "production-with-the-console": (
        "production", {"redis-sentinel": ["console", "redis-sentinel"], "mutual-tls": ["mutual-tls", "console-tls"]}
    ),
    "production-with-ingress": ("production", {"gateway": ["ingress"]}),
    "production-with-ipv6": ("production", {"network-policies": ["network-policies", "ipv6"]}),
    "production-with-a-cluster": (
        "production", {"redis-sentinel": ["redis-cluster"], "redis-sentinel-tls": ["redis-cluster-tls"]}
    ),
    # There TLS is the mesh's, so that the rules of production are not held to it.
    "in-a-mesh": ("production", {"mutual-tls": [], "redis-sentinel-tls": []}),
    "in-a-mesh-with-the-console": (
        "production", {"mutual-tls": [], "redis-sentinel-tls": [], "gateway": ["gateway", "console"]}
    ),
    "production-with-openid": ("production", {"gateway": ["gateway", "openid", "openid-mutual-tls"]}),
    "in-a-mesh-with-openid": (
        "production", {"mutual-tls": [], "redis-sentinel-tls": [], "gateway": ["gateway", "openid"]}
    ),
    "production-with-public-https": (
        "production", {"network-policies": ["network-policies", "public-https"]}
    ),
}
RENDERED = {overlay: components_of(overlay) for overlay in OVERLAYS}
for _name, (_overlay, _choice) in CHOICES.items():
    RENDERED[_name] = [chosen for it in RENDERED[_overlay] for chosen in _choice.get(it, [it])]


def run(*command: str, cwd: Path | None = None) -> str:
    """Runs a command, which must succeed, and returns its output."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


@functools.cache
def copy() -> Path:
    """A copy of deploy/ with all secrets generated."""
    folder = Path(tempfile.mkdtemp(prefix="postern-deploy-"))
    atexit.register(shutil.rmtree, folder)
    ignored = shutil.ignore_patterns("drawn")
    shutil.copytree(DEPLOY, folder / "deploy", ignore=ignored)
    run(str(folder / "deploy/kubernetes/secrets/draw"))
    return folder / "deploy"


def build(folder: Path) -> Cluster:
    """Renders one folder."""
    text = run(os.environ["KUSTOMIZE"], "build", str(folder))
    return Cluster([document for document in yaml.safe_load_all(text) if document])


def as_it_stands(overlay: str) -> Cluster:
    """An overlay as it is in the repository."""
    return build(copy() / "kubernetes/overlays" / overlay)


@functools.cache
def rendered(name: str) -> Cluster:
    """An overlay as it is deployed: after a component was chosen, and in production after its images
    were pinned by digest, with the command of deploy/kubernetes.md."""
    overlay, choice = CHOICES.get(name, (name, {}))
    folder = _deployed(name)
    shutil.copytree(folder.with_name(overlay), folder)
    kustomization = folder / "kustomization.yaml"
    text = kustomization.read_text()
    for given, chosen in choice.items():
        line = f"  - ../../components/{given}\n"
        assert line in text
        text = text.replace(line, "".join(line.replace(given, it) for it in chosen))
    kustomization.write_text(text)
    if overlay == "production":
        for image in sorted({image.rsplit(":", 1)[0] for image in build(folder).images()}):
            named = f"{image}=registry.example/{image.split('/')[-1]}@{DIGEST}"
            run(os.environ["KUSTOMIZE"], "edit", "set", "image", named, cwd=folder)
    return build(folder)


def folder_of(name: str) -> Path:
    """The folder to render."""
    rendered(name)
    return _deployed(name)


def _deployed(name: str) -> Path:
    return copy() / "kubernetes/overlays" / f"{name}-deployed"


def is_production(name: str) -> bool:
    return name.startswith("production")
