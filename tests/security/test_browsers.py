"""What browsers are told: nothing of a service is for other sites, whatever the answer."""

import re

import httpx
import pytest

from plant_assets.profile.variables import LOOPBACK
from serving.settings import ServingSettings
from tests.security.services import NAMES, Service, all_operations

SITE = "https://elsewhere.example"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
EVERY = [(name, method, path) for name, method, path, _ in all_operations()]


def assert_secure(answer: httpx.Response) -> None:
    for header, value in ALWAYS.items():
        assert answer.headers.get_list(header) == [value], (answer.url, header)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "x-request-id" in answer.headers
    assert "server" not in answer.headers
    assert not [header for header in answer.headers if header.startswith("access-control-")]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("name", "method", "path"), EVERY, ids=map(" ".join, EVERY))
def test_every_answer_says_so_to_those_who_may_and_who_may_not(
    name: str, method: str, path: str, services: dict[str, Service]
) -> None:
    service = services[name]
    place = re.sub(r"\{([^}]+)\}", lambda found: str(service.known.get(found[1], 1)), path)
    with service.client() as client:
        for headers, content in (({}, b"{"), ({"Authorization": ""}, b""), ({}, b" " * 2**20 + b" ")):
            assert_secure(client.request(method, place, content=content, headers={"Origin": SITE, **headers}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/nowhere", "/docs", "/redoc", "/openapi.json", "/%00", "//", "/docs/../x"])
def test_pages_and_nothing_at_all_say_so_too(name: str, path: str, services: dict[str, Service]) -> None:
    with services[name].client() as client:
        assert_secure(client.get(path, headers={"Origin": SITE}))


@pytest.mark.parametrize(("name", "method", "path"), EVERY, ids=map(" ".join, EVERY))
def test_no_other_site_may_ask(name: str, method: str, path: str, services: dict[str, Service]) -> None:
    service = services[name]
    with service.client() as client:
        answer = client.options(
            path,
            headers={
                "Origin": SITE,
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "authorization",
            },
        )
    assert answer.status_code >= 400
    assert not [header for header in answer.headers if header.startswith("access-control-")]


def test_services_listen_on_this_machine_only_unless_told() -> None:
    assert ServingSettings().host in LOOPBACK
