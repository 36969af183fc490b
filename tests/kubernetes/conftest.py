"""What all tests here share: the overlays, rendered once."""

import pytest
from cluster import Cluster
from rendering import rendered


@pytest.fixture
def production() -> Cluster:
    return rendered("production")


@pytest.fixture
def local() -> Cluster:
    return rendered("local")
