"""GET /connections: what the live service says of its sources and outputs, or why nobody knows."""

import pytest
from fastapi import FastAPI

from tests.serving.gateway.site import Member, Site

pytestmark = pytest.mark.anyio
SOURCE = {
    "name": "broker", "kind": "mqtt", "plant": "demo", "state": "connected", "received": 1200, "refused": 3,
    "last_received_at": "2026-01-01T00:00:00Z", "last_error": None, "lag_s": 0.4,
}  # fmt: skip
OUTPUT = {
    "name": "scores", "kind": "mqtt", "target": "mqtt://127.0.0.1", "state": "the broker refuses the log-in",
    "depth": 17, "delivered": 3, "lost": 1, "refused": 2, "last_error": "not authorised", "last_delivered_at": None,
}  # fmt: skip


@pytest.fixture
async def vera(site: Site) -> Member:
    return await site.member("vera")


def live_service(sources: object, outputs: object, unmapped: object) -> FastAPI:
    app = FastAPI()
    answers = {"/sources": sources, "/outputs": outputs, "/plants/{plant}/live/unmapped": unmapped}
    for path, answer in answers.items():
        app.get(path)(lambda answer=answer: answer)
    return app


async def test_sources_outputs_and_unmapped_names_are_passed_on(vera: Member, site: Site) -> None:
    push = {"name": "push", "kind": "push", "plant": None, "state": "connected"}
    site.network.services[site.gateway.settings.port_live] = live_service(
        {"sources": [SOURCE, push]}, {"outputs": [OUTPUT]}, {"unmapped": {"FT999": 12}}
    )
    answer = (await vera.client.get("/connections")).json()
    assert answer["sources"][0] == SOURCE
    assert answer["sources"][1]["received"] == 0
    assert answer["outputs"] == [OUTPUT]
    assert (answer["unmapped"], answer["fault"]) == ({"demo": {"FT999": 12}}, "")


async def test_a_live_service_that_is_away_is_said_in_one_sentence(vera: Member, site: Site) -> None:
    del site.network.services[site.gateway.settings.port_live]
    answer = await vera.client.get("/connections")
    assert answer.status_code == 200
    assert answer.json() == {
        "sources": [], "outputs": [], "unmapped": {}, "fault": "the live service does not respond; try again"
    }  # fmt: skip
    assert (await site.client.get("/connections")).status_code == 401


async def test_what_can_be_had_is_shown_beside_the_fault_of_the_rest(vera: Member, site: Site) -> None:
    site.network.services[site.gateway.settings.port_live] = live_service(
        {"sources": [SOURCE]}, {"outputs": [{"name": "scores"}]}, {"unmapped": {}}
    )
    answer = (await vera.client.get("/connections")).json()
    assert (len(answer["sources"]), answer["outputs"]) == (1, [])
    assert answer["fault"].startswith("outputs: the live service sent an invalid response (outputs.0.kind")
