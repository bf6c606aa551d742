"""What another site's page, and a name that was pointed at this machine, can have a service do: nothing."""

import re

import httpx
import pytest

from serving.settings import ServingSettings
from serving.web.site_guard import SiteGuard
from tests.security.services import NAMES, Service, all_operations

CHANGING = [(name, method, path) for name, method, path, _ in all_operations() if method != "GET"]
ELSEWHERE = (
    "https://elsewhere.example",
    "http://127.0.0.1:1",  # another page of this machine
    "http://localhost",
    "null",
    "",
    "http://127.0.0.1.elsewhere.example",
)


def ask(service: Service, method: str, path: str, headers: dict[str, str], body: bytes) -> httpx.Response:
    place = re.sub(r"\{([^}]+)\}", lambda found: str(service.known.get(found[1], 1)), path)
    with service.client() as client:
        return client.request(method, place, content=body, headers={"Content-Type": "text/plain", **headers})


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.mark.parametrize(("name", "method", "path"), CHANGING, ids=map(" ".join, CHANGING))
def test_another_site_changes_nothing(
    name: str, method: str, path: str, services: dict[str, Service]
) -> None:
    for origin in ELSEWHERE:
        answer = ask(services[name], method, path, {"Origin": origin}, b"{}")
        assert problem(answer) == (403, "cross-site"), origin
    without_origin = ask(services[name], method, path, {"Sec-Fetch-Site": "cross-site"}, b"{}")
    assert problem(without_origin) == (403, "cross-site")


@pytest.mark.parametrize("origin", [None, "own"])
def test_programs_and_own_pages_set_the_speed(sensors: Service, origin: str | None) -> None:
    headers = {"Origin": sensors.address, "Sec-Fetch-Site": "same-origin"} if origin else {}
    answer = ask(sensors, "PUT", "/sensors/speed", headers, b'{"hours_per_second": 0}')
    assert answer.status_code == 200, answer.text


def test_scenario_and_speed_stay_as_they_are_whatever_site_asks(sensors: Service) -> None:
    before = ask(sensors, "GET", "/sensors/live", {}, b"").json()
    ask(sensors, "PUT", "/sensors/speed", {"Origin": ELSEWHERE[0]}, b'{"hours_per_second": 50}')
    ask(sensors, "POST", "/scenarios/activate", {"Origin": ELSEWHERE[0]}, b'{"scenario": "leak"}')
    after = ask(sensors, "GET", "/sensors/live", {}, b"").json()
    assert (after["speed"], after["scenario"]) == (before["speed"], before["scenario"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/health", "/ready", "/docs", "/nowhere", "/sensors/live", "/models"])
def test_a_name_that_is_not_the_services_gets_nothing_to_read(
    name: str, path: str, services: dict[str, Service]
) -> None:
    for host in (
        "elsewhere.example",
        "127.0.0.1.elsewhere.example:80",
        "10.1.2.3",
        "0.0.0.0",
        "localhost@x",
        "[",
    ):
        answer = ask(services[name], "GET", path, {"Host": host}, b"")
        assert problem(answer) == (421, "unknown-host"), host
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:1", "127.0.0.1:8501", "127.1.2.3", "[::1]:80", "::1"]
)
def test_every_name_of_loopback_is_taken(name: str, host: str, services: dict[str, Service]) -> None:
    assert ask(services[name], "GET", "/health", {"Host": host}, b"").status_code == 200


async def _passes(settings: ServingSettings, host: str, origin: str = "") -> bool:
    from starlette.responses import PlainTextResponse

    app = SiteGuard(PlainTextResponse("in"), settings.host, settings.allowed_hosts)
    headers = {"Host": host, **({"Origin": origin} if origin else {})}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return (await client.post("/", headers=headers)).text == "in"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("listens", "host", "passes"),
    [
        ("0.0.0.0", "192.168.1.5:7501", True),
        ("::", "[fd00::5]:7501", True),
        ("192.168.1.5", "192.168.1.5", True),
        ("scada.plant.example", "SCADA.plant.example:7501", True),
        ("scada.plant.example", "elsewhere.example", False),
        ("0.0.0.0", "elsewhere.example", False),
        ("127.0.0.1", "forewarn.plant.example", True),
        ("127.0.0.1", "forewarn.plant.example:8443", True),
        ("127.0.0.1", "other.plant.example", False),
    ],
)
async def test_which_hosts_a_service_goes_by(listens: str, host: str, passes: bool) -> None:
    settings = ServingSettings(host=listens, allowed_hosts="forewarn.plant.example, b:8443")  # type: ignore[arg-type]
    assert await _passes(settings, host) is passes


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("127.0.0.1:7501", "https://forewarn.plant.example", True),  # a proxy that sends its own name on
        ("forewarn.plant.example", "https://forewarn.plant.example", True),
        ("forewarn.plant.example:443", "https://forewarn.plant.example", True),
        ("127.0.0.1:7501", "https://b:8443", True),
        ("127.0.0.1:7501", "https://b", False),
        ("127.0.0.1:7501", "https://forewarn.plant.example:8443", False),
        ("127.0.0.1:7501", "http://127.0.0.1:7502", False),
    ],
)
async def test_pages_of_an_allowed_host_may_change_things(host: str, origin: str, passes: bool) -> None:
    settings = ServingSettings(allowed_hosts="forewarn.plant.example, b:8443")  # type: ignore[arg-type]
    assert await _passes(settings, host, origin) is passes
