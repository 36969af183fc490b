"""The contents of the images."""

import subprocess
import tarfile

import pytest
from cluster import SERVICES
from docker import Daemon

# The limits. The current figures are printed.
LARGEST = 40 * 1000 * 1000


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_the_binary_and_the_authorities_and_nothing_else(docker: Daemon, service: str, tmp_path) -> None:
    docker.docker("create", "--name", f"{service}-files", f"postern/{service}:local")
    docker.docker("export", "--output", str(tmp_path / "files"), f"{service}-files")
    docker.docker("rm", f"{service}-files")
    with tarfile.open(tmp_path / "files") as files:
        held = {it.name: it for it in files if it.isfile() and it.size}
        assert set(held) == {"service", "sbom.cdx.json", "etc/ssl/certs/ca-certificates.crt"}
        assert held["service"].mode & 0o777 == 0o555
        files.extract("service", tmp_path)
    linked = subprocess.run(["ldd", tmp_path / "service"], capture_output=True, text=True, check=False)
    assert "not a dynamic executable" in linked.stderr + linked.stdout or "statically" in linked.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_says_what_it_is_and_runs_as_nobody(docker: Daemon, service: str) -> None:
    image = docker.inspect(f"postern/{service}:local")
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Entrypoint"] == ["/service"]
    labels = image["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == service
    assert labels["org.opencontainers.image.revision"] == "tested"
    assert image["Size"] < LARGEST
    print(f"\n{service}: the image has {image['Size'] / 1e6:.1f} MB")


@pytest.mark.parametrize("service", SERVICES)
def test_it_tells_every_mistake_and_ends(docker: Daemon, service: str) -> None:
    assert docker.docker("run", "--rm", f"postern/{service}:local", "--version").startswith(service)
    told = docker.docker("run", "--rm", f"postern/{service}:local", check=False)
    for setting in ("--config", "--store"):
        assert f"error: {setting}" in told, told
