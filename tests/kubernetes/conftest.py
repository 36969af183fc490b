"""The overlays, rendered once for all tests here."""

import pytest
from cluster import Cluster
from rendering import rendered


@pytest.fixture
def production() -> Cluster:
    return rendered("production")


@pytest.fixture
def local() -> Cluster:
    return rendered("local")
