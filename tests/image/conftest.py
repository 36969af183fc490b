"""One daemon and one set of images for all tests here."""

import os
from typing import Iterator

import pytest
from cluster import SERVICES, Cluster
from docker import Daemon, context, daemon, import_redis
from rendering import rendered


@pytest.fixture(scope="session")
def local() -> Cluster:
    return rendered("local")


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory, local: Cluster) -> Iterator[Daemon]:
    """A daemon that has the images of overlays/local."""
    assert os.geteuid() == 0, "run this as root: it starts a Docker daemon"
    folder = tmp_path_factory.mktemp("images")
    given = context(folder / "context")
    with daemon() as running:
        for service in SERVICES:
            running.build(service, given)
        (image,) = {it for it in local.images() if "redis" in it}
        import_redis(running, folder / "redis", image)
        yield running
