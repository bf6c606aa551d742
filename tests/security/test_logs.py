"""No secret stands in the services' logs, whatever goes wrong with it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from serving.telemetry import logs
from tests.security.services import PASSWORD, Service

TYPED = "a password typed by hand"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the services write, at the most talkative level."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.configure("gateway", "debug", written)
    logging.getLogger("uvicorn.access").propagate = False  # as `access_log=False` has it where services run
    yield written
    root.handlers = handlers
    root.setLevel(level)


def test_what_is_typed_to_log_in_is_not_written(gateway: Service, log: io.StringIO) -> None:
    with gateway.client() as client:
        tokens = client.post("/auth/login", json={"name": "maria", "password": PASSWORD}).json()
        given = {"password": TYPED, "new_password": TYPED}
        client.post("/auth/login", json={"name": "maria", "password": TYPED})
        client.post("/auth/login", json={"name": TYPED, "password": TYPED, "more": TYPED})
        client.post("/auth/register", json={"name": "maria", "password": TYPED})
        client.post("/auth/register", content=f'{{"password": "{TYPED}"')
        client.post("/auth/password", json=given)
        client.post("/auth/refresh", json={"refresh_token": TYPED})
        client.get("/auth/me", headers={"Authorization": f"Bearer {TYPED}"})
        client.get("/auth/me", headers={"Cookie": f"token={TYPED}"})
        renewed = client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).json()
        client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    secret = gateway.app.state.settings.home / "gateway" / "secret"
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) >= 11
    for hidden in (TYPED, PASSWORD, secret.read_text().strip(), *strings(tokens), *strings(renewed)):
        assert hidden not in log.getvalue()
    assert secret.stat().st_mode & 0o077 == 0


def test_the_key_of_predictions_is_not_written(inference: Service, log: io.StringIO) -> None:
    with inference.client() as client:
        client.post("/predict", json={"features": {"PDT31008": 210.0}})
        client.get("/lineage/plant_alarm_champion.1.0.0")
    key = inference.app.state.settings.prediction_key
    assert key.read_text().strip() not in log.getvalue()
    assert key.stat().st_mode & 0o077 == 0


def strings(tokens: dict[str, str | int]) -> list[str]:
    return [token for name, token in tokens.items() if name.endswith("_token") and isinstance(token, str)]


def test_tokens_of_a_site_are_not_written(live: Service, log: io.StringIO) -> None:
    token = live.headers["Authorization"].removeprefix("Bearer ")
    with live.client() as client:
        for path in ("/plants/gas_treatment/readings", "/api/v2/write", f"/write?u=any&p={token}"):
            for given in (token, f"{token}x"):
                client.post(
                    path.replace(token, given), content="x", headers={"Authorization": f"Token {given}"}
                )
        client.post(f"/write?u=any&p={token}", content="x", headers={"Authorization": ""})
    assert log.getvalue().count('"event":"request"') == 7
    assert token not in log.getvalue()
