"""Which authorities an image trusts for TLS: the public ones in it, or mounted ones in their place. Redis
uses TLS with an authority of the test."""

import time
from pathlib import Path
from typing import Iterator

import pytest
from certificates import with_certificates
from cluster import SERVICES, Cluster
from docker import Daemon
from recovery import ask, redeem
from rendering import rendered
from stack import Stack

TLS = ["--port", "0", "--tls-port", "6379", "--tls-auth-clients", "no"]
FILES = {"--tls-cert-file": "tls.crt", "--tls-key-file": "tls.key", "--tls-ca-cert-file": "ca.crt"}


def speaking_tls(folder: Path) -> Cluster:
    """The overlay with a Redis that only speaks TLS, and services that are configured for it."""
    cluster = rendered("local").copy()
    spec = {"secretName": "redis-tls", "dnsNames": ["redis"], "usages": ["server auth"]}
    cluster.documents.append({"kind": "Certificate", "metadata": {"name": "redis"}, "spec": spec})
    cluster = with_certificates(cluster, folder)
    cluster.one("ConfigMap", "postern-settings")["data"]["store"] = "rediss://redis:6379"
    (redis,) = [pod for pod in cluster.pods() if pod.name == "redis"]
    (container,) = redis.containers()
    container["command"] += TLS + [it for flag, name in FILES.items() for it in (flag, f"/etc/tls/{name}")]
    mount(redis.spec, "tls", "/etc/tls", {"secret": {"secretName": "redis-tls", "defaultMode": 0o440}})
    return cluster


def mount(spec: dict, name: str, path: str, source: dict) -> None:
    spec["volumes"].append({"name": name, **source})
    spec["containers"][0]["volumeMounts"].append({"name": name, "mountPath": path, "readOnly": True})


@pytest.fixture(params=["its own", "ours"])
def believed(request) -> str:
    """The authorities in the image."""
    return request.param


@pytest.fixture
def stack(docker: Daemon, believed: str, tmp_path: Path) -> Iterator[Stack]:
    folder = tmp_path / "authority"
    folder.mkdir()
    cluster = speaking_tls(folder)
    if believed == "ours":
        data = {"ca-certificates.crt": (folder / "ca.crt").read_text()}
        cluster.documents.append({"kind": "ConfigMap", "metadata": {"name": "authorities"}, "data": data})
        for pod in cluster.services():
            mount(pod.spec, "authorities", "/etc/ssl/certs", {"configMap": {"name": "authorities"}})
    started = Stack(docker, cluster, tmp_path / "volumes")
    started.start("redis")
    yield started
    started.end()


def test_redis_is_believed_if_its_authority_is(stack: Stack, believed: str) -> None:
    services = {service: stack.start(service) for service in reversed(SERVICES)}
    issuer, runner = (services[it].url("8080") for it in ("code-issuer", "journey-runner"))
    (file,) = list(stack.folder.glob("code-issuer-*/clients/help-desk"))
    if believed == "ours":
        for running in services.values():
            running.wait_until_ready()
        assert redeem(issuer, runner, file.read_text().strip()) == "completed"
    else:
        begun = time.monotonic()
        while ask(f"{issuer}/.well-known/jwks.json")[0] != 200:
            assert time.monotonic() - begun < 60, services["code-issuer"].log()
            assert services["code-issuer"].state()["Running"], services["code-issuer"].log()
            time.sleep(0.1)
        with pytest.raises(AssertionError, match="unavailable"):
            redeem(issuer, runner, file.read_text().strip())
        assert "certificate" in services["code-issuer"].log().lower(), services["code-issuer"].log()
