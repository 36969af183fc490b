"""One cluster for all tests here."""

import os
import time
from pathlib import Path
from typing import Iterator

import pytest
from callers import Callers
from deployment import Deployment
from testbed import addons, authority, control_plane, host, images, network, worker
from testbed.nodes import Testbed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rate", type=float, default=100, help="calls per second of each load")
    parser.addoption("--patience", type=float, default=1, help="how many minutes pods may take until they are ready")


@pytest.fixture(scope="session")
def testbed() -> Iterator[Testbed]:
    """A running cluster of three nodes, without Postern."""
    begun = time.monotonic()
    work = Path(os.environ["CLUSTER_FOLDER"])
    work.chmod(0o755)
    host.protect(work)
    network.connect()
    authority.create(work)
    built = images.build(work / "images")
    plane = control_plane.run(work)
    workers = [worker.run(work, place, plane, built.archives) for place in network.PLACES]
    addons.install(work, plane)
    bed = Testbed(work, plane, workers, built)
    bed.wait_until_ready()
    print(f"\nthe cluster is ready after {time.monotonic() - begun:.0f} s")
    yield bed


@pytest.fixture(scope="session")
def deployment(testbed: Testbed, request: pytest.FixtureRequest) -> Deployment:
    """What is deployed. Each file of tests says which overlay it is about."""
    return Deployment(testbed, request.config.getoption("patience"))


@pytest.fixture(scope="session")
def callers(deployment: Deployment, request: pytest.FixtureRequest) -> Callers:
    return Callers(deployment, request.config.getoption("rate"))
