"""One server of the demo for all quick starts, and one build of each client."""

import os
from typing import Iterator

import pytest
from quickstart import QuickStart
from server import Server, postern


@pytest.fixture(scope="session")
def demo() -> Iterator[Server]:
    with postern() as running:
        yield running


@pytest.fixture(scope="session", params=os.environ["LANGUAGES"].split())
def client(request: pytest.FixtureRequest) -> QuickStart:
    quick_start = QuickStart(request.param)
    quick_start.build()
    return quick_start
