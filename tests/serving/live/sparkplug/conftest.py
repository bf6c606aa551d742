from collections.abc import Iterator

import pytest

from tests.conftest import needs_service
from tests.servers import MosquittoServer, mosquitto_program, running_mosquitto


@pytest.fixture
def own_mosquitto() -> Iterator[MosquittoServer]:
    """A broker that the test may kill."""
    needs_service(mosquitto_program() is not None, "Mosquitto")
    with running_mosquitto() as server:
        yield server
