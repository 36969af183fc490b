"""The bill of materials of an image equals Cargo.lock, and the build context contains all that the build
reads."""

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from cluster import SERVICES
from docker import DOCKERFILE, ROOT, Daemon

# Crates in Cargo.lock that no program contains: cargo also locks the crates of features that are not
# enabled, such as `ring` and its dependencies.
MENTIONED = {"getrandom", "rand_core", "ring"}

Crates = dict[tuple[str, str], str | None]


def locked() -> Crates:
    """Every crate in Cargo.lock, with its checksum. Workspace crates have none."""
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(it["name"], it["version"]): it.get("checksum") for it in packages}


def tree(*which: str) -> set[tuple[str, str]]:
    """The crates that cargo builds into a program on this machine."""
    command = ["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", *which]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = [line.split() for line in told.splitlines() if line]
    return {(words[0], words[1].removeprefix("v")) for words in named}


def bill(docker: Daemon, service: str, folder: Path) -> Crates:
    docker.docker("create", "--name", f"{service}-bill", f"postern/{service}:local")
    docker.docker("cp", f"{service}-bill:/sbom.cdx.json", str(folder / "bill"))
    docker.docker("rm", f"{service}-bill")
    told = json.loads((folder / "bill").read_text())
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", service)
    components = [told["metadata"]["component"], *told["components"]]
    return {(it["name"], it["version"]): checksum(it) for it in components}


def checksum(component: dict) -> str | None:
    hashes = {it["alg"]: it["content"] for it in component.get("hashes", [])}
    return hashes.get("SHA-256")


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_names_the_crates_in_it(docker: Daemon, service: str, tmp_path: Path) -> None:
    named, known = bill(docker, service, tmp_path), locked()
    assert {crate: known.get(crate, "not locked") for crate in named} == named
    assert tree("--package", service) <= set(named)
    assert {name for name, _ in set(named) - tree("--package", service)} <= MENTIONED


def test_the_build_is_given_all_that_it_reads(docker: Daemon, tmp_path: Path) -> None:
    """The whole build cannot run here, since its first image is not available. Cargo looks for every manifest,
    source and test before it builds."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    ignore = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text()
    (tmp_path / "Dockerfile.dockerignore").write_text(ignore)
    given = ["--file", str(tmp_path / "Dockerfile"), "--output", str(tmp_path / "given"), str(ROOT)]
    docker.docker("build", *given)
    read = ["cargo", "metadata", "--locked", "--format-version", "1"]
    subprocess.run(read, cwd=tmp_path / "given", check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["deploy/docker/bills", tmp_path / "bills"], cwd=tmp_path / "given", check=True)
    assert len(list((tmp_path / "bills").iterdir())) == 4
    protos = {it.relative_to(ROOT) for it in (ROOT / "proto").rglob("*.proto")}
    assert protos == {it.relative_to(tmp_path / "given") for it in (tmp_path / "given").rglob("*.proto")}
    assert not list((tmp_path / "given").rglob("drawn")), "secrets are sent to the build"
