"""Real stores, one of each for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator

import pytest

from serving.live.outputs.influx.address import parse_address
from serving.live.outputs.influx.client import StoreClient, new_client
from tests.conftest import needs_service
from tests.stores import StoreServer, has_influx1, has_victoria, running_influx1, running_victoria


@pytest.fixture(scope="session")
def victoria() -> Iterator[StoreServer]:
    needs_service(has_victoria(), "VictoriaMetrics")
    with running_victoria() as server:
        yield server


@pytest.fixture(scope="session")
def influx1() -> Iterator[StoreServer]:
    needs_service(has_influx1(), "InfluxDB 1")
    with running_influx1() as server:
        yield server


@pytest.fixture(params=["victoria", "influx1"])
def store(request: pytest.FixtureRequest) -> StoreServer:
    return request.getfixturevalue(request.param)


@pytest.fixture
async def client(store: StoreServer) -> AsyncIterator[StoreClient]:
    address = parse_address(store.url)
    async with new_client(address, "") as http:
        yield StoreClient(address, http)
