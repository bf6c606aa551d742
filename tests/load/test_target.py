"""Whom load goes to."""

import pytest

from plant_assets.load.plan import LoadError
from plant_assets.load.target import LoadTarget, known_target, target_at
from plant_assets.profile.model import PlantProfile
from tests.load.service import Service, served
from tests.servers import free_port


@pytest.mark.parametrize(
    ("address", "plant", "found"),
    [
        ("http://127.0.0.1:7502", None, "http://127.0.0.1:7502"),
        ("http://127.0.0.1:7502/", "demo", "http://127.0.0.1:7502/plants/demo"),
        ("http://127.0.0.1:7502/predict", None, "http://127.0.0.1:7502"),
        ("http://[::1]:7502/plants/demo", None, "http://[::1]:7502/plants/demo"),
        ("https://a.example/base/plants/demo/predict", "demo", "https://a.example/base/plants/demo"),
    ],
)
def test_an_address_may_be_that_of_a_service_a_plant_or_its_route(
    address: str, plant: str | None, found: str
) -> None:
    assert target_at(address, plant).address == found


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("127.0.0.1:7502", "expected an address such as http://127.0.0.1:7502"),
        ("ftp://127.0.0.1", "expected an address such as"),
        ("http://", "expected an address such as"),
        ("http://127.0.0.1:99999", "expected an address such as"),
        ("http://a b", "expected an address such as"),
        ("http://user:secret@127.0.0.1", "without user, password"),
        ("http://127.0.0.1/?x=1", "without user, password"),
        (
            "http://127.0.0.1/plants/demo/forecast",
            "expected http://127.0.0.1/plants/demo or its /predict, got '/forecast' after it",
        ),
    ],
)
def test_another_address_is_refused(address: str, says: str) -> None:
    with pytest.raises(LoadError, match=r"^url: ") as refused:
        target_at(address)
    assert says in str(refused.value)


def test_an_address_of_another_plant_than_named_is_refused() -> None:
    with pytest.raises(
        LoadError, match="plant: expected 'demo', which url names, or none; got 'gas_treatment'"
    ):
        target_at("http://127.0.0.1/plants/demo", "gas_treatment")


@pytest.mark.parametrize(
    ("base", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.1.2.3", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
        ("http://0.0.0.0", False),
    ],
)
def test_only_loopback_is_this_machine(base: str, here: bool) -> None:
    assert LoadTarget(base).is_this_machine is here


def test_the_default_plant_is_the_service_s(profile: PlantProfile) -> None:
    plants = b'{"plants": [{"name": "demo", "default": false}, {"name": "gas_treatment", "default": true}]}'
    with served(Service(profile, plants=plants)) as base:
        assert known_target(LoadTarget(base)).plant == "gas_treatment"
        assert known_target(LoadTarget(base, "demo")).plant == "demo"
        with pytest.raises(LoadError, match="has no 'gas'; expected one of demo, gas_treatment"):
            known_target(LoadTarget(base, "gas"))


@pytest.mark.parametrize(
    "plants", [b"", b"[]", b'{"plants": [3]}', b'{"plants": []}', b'{"plants": [{"name": "demo"}]}']
)
def test_a_server_that_tells_no_default_plant_needs_one_named(profile: PlantProfile, plants: bytes) -> None:
    with served(Service(profile, plants=plants)) as base:
        with pytest.raises(LoadError, match="does not report its default plant; give one with --plant"):
            known_target(LoadTarget(base))
        assert known_target(LoadTarget(base, "demo")).plant == "demo"


def test_a_server_that_is_not_there_is_told_before_anything_is_sent() -> None:
    with pytest.raises(LoadError, match="connection refused; start the platform"):
        known_target(LoadTarget(f"http://127.0.0.1:{free_port()}", "demo"))
