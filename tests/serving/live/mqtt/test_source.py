"""Readings through a real Mosquitto into a real inbox: nothing lost, nothing twice, whatever fails between."""

import json
import signal
from collections.abc import Sequence

import pytest

from plant_assets.profile.model import PlantProfile
from serving.broker.connection import BrokerConnection
from serving.broker.messages import ArrivedMessage
from serving.live.admission import MOST_UNMAPPED
from serving.live.inbox.inbox import StoredReading
from tests.servers import MosquittoServer
from tests.serving.live.mqtt.conftest import ListeningSite, SiteMaker

pytestmark = [pytest.mark.services, pytest.mark.anyio]

START_MS = 1_740_981_600_000


def row(number: int, tag: str = "PDT31008", value: float = 50.0) -> bytes:
    return json.dumps({"timestamp": START_MS + number * 60_000, "values": {tag: value}}).encode()


def topic(plant: str) -> str:
    return f"forewarn/{plant}/readings"


async def waiting_messages(site: ListeningSite) -> list[ArrivedMessage]:
    """What the broker would give the source again, once the source has left."""
    found: list[ArrivedMessage] = []
    connection = BrokerConnection(site.address, session_of(site), session_s=600)
    await connection.open()
    try:
        while arrived := await connection.fetch(0.3):
            found += arrived
    finally:
        await connection.close()
    return found


def session_of(site: ListeningSite) -> str:
    return json.loads((site.source._sessions / "session-0.json").read_text())["client_id"]


async def take_over(site: ListeningSite) -> None:
    """Cut the source's connection, as a broken line does: the broker keeps what wasn't acknowledged."""
    other = BrokerConnection(site.address, session_of(site), session_s=600)
    await other.open()
    await other.close()


async def test_readings_of_default_and_mapped_topics_are_stored_and_acknowledged(
    mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(mosquitto, ["round"], {"topic": "round/{tag}/pv", "value": "$.v", "time": "$.t"})
    async with site.listening():
        await site.wait_state("connected")
        rows = b"[" + row(0) + b"," + row(1, "PDT31001", 7.0) + b"]"
        await site.publish(
            (topic("round"), rows),
            ("round/LT31013/pv", json.dumps({"v": "40.5", "t": START_MS}).encode()),
            (topic("round"), json.dumps({"timestamp": START_MS + 7, "values": {}}).encode()),
        )
        stored = await site.wait_stored("round", 3)
        await site.wait_for(lambda: site.listener.times == [("round", (START_MS + 7) * 1000)])
    assert {(r.column, r.value) for r in stored} == {("PDT31008", 50.0), ("PDT31001", 7.0), ("LT31013", 40.5)}
    status = site.board.sources["mqtt/round"]
    assert (status.received, status.refused, status.state, status.plant) == (3, 0, "connected", "round")
    assert await waiting_messages(site) == []


async def test_what_was_stored_but_not_acknowledged_comes_again_and_counts_once(
    mosquitto: MosquittoServer, make_site: SiteMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, before_cut = await make_site(mosquitto, ["cut"]), list[StoredReading]()
    acknowledged: dict[BrokerConnection, int] = {}
    acknowledge = BrokerConnection.acknowledge

    def count(connection: BrokerConnection, messages: Sequence[ArrivedMessage]) -> None:
        acknowledge(connection, messages)
        acknowledged[connection] = acknowledged.get(connection, 0) + len(messages)

    monkeypatch.setattr(BrokerConnection, "acknowledge", count)

    async def cut_once() -> None:
        site.inbox.after_storing = None
        before_cut.extend(await site.stored("cut"))
        await take_over(site)

    site.inbox.after_storing = cut_once
    async with site.listening():
        await site.wait_state("connected")
        await site.publish(*((topic("cut"), row(n)) for n in range(5)))
        await site.wait_stored("cut", 5)
        await site.wait_for(lambda: site.board.sources["mqtt/cut"].received == len(before_cut) + 5)
        await site.wait_for(lambda: list(acknowledged.values())[-1:] == [5])
    assert before_cut != []
    assert [r.time_us for r in await site.stored("cut")] == [(START_MS + n * 60_000) * 1000 for n in range(5)]
    assert await waiting_messages(site) == []


async def test_a_message_is_acknowledged_only_after_those_before_it(
    mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(mosquitto, ["first", "other"])
    site.inbox.is_away, site.inbox.only = True, "other"
    async with site.listening():
        await site.wait_state("connected")
    # The session is there: what is published now waits for the source, and comes in one batch.
    await site.publish(*((topic("other" if n % 2 else "first"), row(n)) for n in range(5)))
    async with site.listening():
        await site.wait_state("the inbox can't be written: the disk is full")
        assert await site.stored("first") != []
    assert [json.loads(m.payload)["timestamp"] for m in await waiting_messages(site)] == [
        START_MS + n * 60_000 for n in range(1, 5)
    ]
    site.inbox.is_away = False
    status = site.board.sources["mqtt"]
    before = status.received
    async with site.listening():
        await site.wait_for(lambda: status.received == before + 4)
    assert (len(await site.stored("first")), len(await site.stored("other"))) == (3, 2)
    assert await waiting_messages(site) == []


async def test_a_store_that_is_away_keeps_messages_at_the_broker(
    mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(mosquitto, ["full"])
    site.inbox.is_away = True
    async with site.listening():
        await site.wait_state("connected")
        await site.publish(*((topic("full"), row(n)) for n in range(20)))
        await site.wait_state("the disk is full")
        assert "tried again in" in site.board.sources["mqtt"].state
        site.inbox.is_away = False
        await site.wait_stored("full", 20)
        await site.wait_state("connected")
    assert await waiting_messages(site) == []


async def test_a_broker_that_was_away_is_found_again(
    own_mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(own_mosquitto, ["back"])
    async with site.listening():
        await site.wait_state("connected")
        own_mosquitto.end(signal.SIGKILL)
        await site.wait_state("can't be reached")
        assert "tried again in" in site.board.sources["mqtt"].state
        own_mosquitto.start()
        await site.wait_state("connected")
        await site.publish((topic("back"), row(0)))
        await site.wait_stored("back", 1)


async def test_a_wrong_login_is_told_and_tried_again(
    strict_mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(strict_mosquitto, ["login"], login=("guest", "not-the-password"))
    async with site.listening():
        await site.wait_state("refuses the login: Not authorized; tried again in")
    assert "not-the-password" not in site.board.sources["mqtt"].last_error


async def test_a_refused_topic_is_told_by_its_name(
    strict_mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(strict_mosquitto, ["acl"], login=("guest", "guest-password"))
    async with site.listening():
        await site.wait_state(
            "connected; the broker refuses 1 topics, such as $share/acl/forewarn/acl/readings"
        )
    assert site.board.sources["mqtt"].state.endswith("Not authorized")


async def test_a_hostile_publisher_is_refused_by_name_and_holds_nobody_up(
    mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(mosquitto, ["hostile"], {"topic": "hostile/{tag}/pv"})
    place = topic("hostile")
    bad = [
        b"",
        b"\xff\xfe\x00",
        b"{" * 100_000,
        b'{"timestamp": 0, "values": {"PDT31008": 1}}',
        b'{"timestamp": "2100-01-02T00:00:00Z", "values": {"PDT31008": 1}}',
        b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"PDT31008": NaN}}',
        b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"PDT31008": 1e200}}',
        b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"PDT31008": "1"}}',
        b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"PDT31008": 1}, "extra": 1}',
        b"x" * 2_000_000,
    ]
    unknown = json.dumps({"timestamp": START_MS, "values": {"a\x01b": 1.0}}).encode()
    async with site.listening():
        await site.wait_state("connected")
        await site.publish(*((place, payload) for payload in bad), (place, unknown))
        await site.publish(*((f"hostile/made-up-{n}/pv", b"1") for n in range(MOST_UNMAPPED + 500)))
        await site.publish((place, row(0)))
        stored = await site.wait_stored("hostile", 1)
        status = site.board.sources["mqtt/hostile"]
        await site.wait_for(lambda: status.received == 1)
        assert status.refused == len(bad)
        assert place in status.last_error
    assert [(r.column, r.value) for r in stored] == [("PDT31008", 50.0)]
    unmapped = site.board.unmapped["hostile"]
    assert unmapped["a\N{REPLACEMENT CHARACTER}b"] == 1
    assert unmapped["made-up-7"] == 1
    assert len(unmapped) <= MOST_UNMAPPED + 1
    assert sum(unmapped.values()) == MOST_UNMAPPED + 501
    assert await waiting_messages(site) == []


async def test_topics_follow_the_profile_also_in_a_session_that_exists(
    mosquitto: MosquittoServer, make_site: SiteMaker, profile: PlantProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.live.sources.mqtt.source.LOOK_EVERY_S", 0.05)
    site = await make_site(mosquitto, ["moved"], {"topic": "moved/old", "tag": "PDT31008"})
    before = site.folder.profiles["moved"]
    mqtt = before.live.mqtt.model_copy(
        update={"topics": (before.live.mqtt.topics[0].model_copy(update={"topic": "moved/new"}),)}
    )
    after = before.model_copy(update={"live": before.live.model_copy(update={"mqtt": mqtt})})

    def filters() -> list[str]:
        return json.loads((site.source._sessions / "session-0.json").read_text())["filters"]

    async with site.listening():
        await site.wait_state("connected")
        site.folder.profiles = {"moved": after}
        await site.wait_for(
            lambda: filters() == ["$share/moved/forewarn/moved/readings", "$share/moved/moved/new"]
        )
        await site.publish(("moved/old", b"1"), ("moved/new", b"2"))
        assert [r.value for r in await site.wait_stored("moved", 1)] == [2.0]
    site.folder.profiles = {"moved": before}
    async with site.listening():
        await site.wait_for(
            lambda: filters() == ["$share/moved/forewarn/moved/readings", "$share/moved/moved/old"]
        )
        await site.publish(("moved/new", b"3"), ("moved/old", b"4"))
        assert [r.value for r in await site.wait_stored("moved", 2)] == [2.0, 4.0]
    assert site.board.unmapped == {}


async def test_two_processes_share_the_messages(mosquitto: MosquittoServer, make_site: SiteMaker) -> None:
    one = await make_site(mosquitto, ["pair"], home="one", group="pair")
    two = await make_site(mosquitto, ["pair"], home="two", group="pair")
    async with one.listening(), two.listening():
        await one.wait_state("connected")
        await two.wait_state("connected")
        await one.publish(*((topic("pair"), row(n)) for n in range(100)))
        await one.wait_for(lambda: sum(s.board.sources["mqtt"].received for s in (one, two)) >= 100)
    times = [r.time_us for site in (one, two) for r in await site.stored("pair")]
    assert sorted(times) == [(START_MS + n * 60_000) * 1000 for n in range(100)]
    assert all(0 < site.board.sources["mqtt"].received < 100 for site in (one, two))


async def test_two_processes_of_one_home_have_sessions_of_their_own(
    mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    one, two = await make_site(mosquitto, ["home"]), await make_site(mosquitto, ["home"])
    async with one.listening(), two.listening():
        await one.wait_state("connected")
        await two.wait_state("connected")
        sessions = sorted(one.source._sessions.glob("*.json"))
        assert len({json.loads(path.read_text())["client_id"] for path in sessions}) == 2
