"""One server for all tests here, and one test for each case of the table."""

from typing import Iterator

import pytest
from server import Server, postern
from table import HERE, TABLE


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postern("--config", HERE / "config", "--starts-per-minute", "10000") as running:
        yield running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, cases in (("code_case", TABLE["codes"]), ("user_case", TABLE["identifiers"])):
        if name in metafunc.fixturenames:
            ids = [case.get("what") or f"{case['type']} {case['typed']}" for case in cases]
            metafunc.parametrize(name, cases, ids=ids)
