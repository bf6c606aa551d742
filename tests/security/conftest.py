"""The services, each started once for a file of tests."""

from collections.abc import Iterator

import pytest

from tests.quick_hashes import hash_quickly
from tests.security.services import Service, running


@pytest.fixture(scope="module", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashing is not what these tests are about."""
    with hash_quickly():
        yield


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running("inference", tmp_path_factory.mktemp("inference")) as service:
        yield service


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running("gateway", tmp_path_factory.mktemp("gateway")) as service:
        yield service


@pytest.fixture(scope="module")
def sensors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running("sensors", tmp_path_factory.mktemp("sensors")) as service:
        yield service


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running("live", tmp_path_factory.mktemp("live")) as service:
        yield service


@pytest.fixture(scope="module")
def services(inference: Service, gateway: Service, sensors: Service, live: Service) -> dict[str, Service]:
    """By name."""
    return {service.name: service for service in (inference, gateway, sensors, live)}
