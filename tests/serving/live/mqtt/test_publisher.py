"""The publisher of replays and the simulator: what it sends is what the source takes."""

import signal

import pytest

from serving.broker.address import BrokerAddress
from serving.live.publish import PublishError
from serving.live.readings import RawReading
from serving.live.sources.mqtt import publisher as publishing
from serving.live.sources.mqtt.publisher import MqttPublisher
from tests.servers import MosquittoServer
from tests.serving.live.mqtt.conftest import SiteMaker

pytestmark = [pytest.mark.services, pytest.mark.anyio]
START_US = 1_740_981_600_000_000


async def test_readings_arrive_as_they_were_sent(
    mosquitto: MosquittoServer, make_site: SiteMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_READINGS", 2)
    site = await make_site(mosquitto, ["sent"])
    sender = MqttPublisher(site.address)
    sent = [
        RawReading("PDT31008", START_US, 1.5),
        RawReading("LT31013", START_US, 2.0, "uncertain"),
        RawReading("PDT31008", START_US + 1, None, "bad"),
    ]
    async with site.listening():
        await site.wait_state("connected")
        await sender.publish_broken("sent")
        await sender.publish("sent", sent)
        stored = await site.wait_stored("sent", 3)
        await site.wait_for(lambda: site.board.sources["mqtt/sent"].refused == 1)
    await sender.close()
    assert {(r.column, r.time_us, r.quality) for r in stored} == {
        (r.name, r.time_us, r.quality) for r in sent
    }
    assert (sender.totals.readings, sender.totals.messages) == (3, 3)
    assert sender.totals.answered == {"broken": 1}


async def test_a_broker_that_comes_back_gets_what_was_not_acknowledged(
    own_mosquitto: MosquittoServer, make_site: SiteMaker
) -> None:
    site = await make_site(own_mosquitto, ["later"])
    sender = MqttPublisher(site.address)
    async with site.listening():
        await site.wait_state("connected")
        await sender.publish("later", [RawReading("PDT31008", START_US, 1.0)])
        await site.wait_stored("later", 1)
        own_mosquitto.end(signal.SIGKILL)
        await site.wait_state("can't be reached")
        own_mosquitto.start()
        await site.wait_state("connected")
        await sender.publish("later", [RawReading("PDT31008", START_US + 1000, 2.0)])
        await site.wait_stored("later", 2)
    await sender.close()
    assert sender.totals.readings == 2


async def test_a_broker_that_stays_away_or_refuses_ends_it_with_a_sentence(
    strict_mosquitto: MosquittoServer,
) -> None:
    reading = [RawReading("PDT31008", START_US, 1.0)]
    with pytest.raises(PublishError, match=r"127.0.0.1:9 can't be reached"):
        await MqttPublisher(BrokerAddress("127.0.0.1", 9), give_up_after_s=0.1).publish("demo", reading)
    guest = BrokerAddress("127.0.0.1", strict_mosquitto.port, "guest", "guest-password")
    with pytest.raises(PublishError, match="refuses messages of forewarn/demo/readings: Not authorized"):
        await MqttPublisher(guest).publish("demo", reading)


async def test_readings_that_nobody_has_subscribed_to_are_not_taken_for_published(
    own_mosquitto: MosquittoServer,
) -> None:
    sender = MqttPublisher(BrokerAddress("127.0.0.1", own_mosquitto.port), give_up_after_s=0.3)
    with pytest.raises(PublishError, match="nobody has subscribed to forewarn/alone/readings"):
        await sender.publish("alone", [RawReading("PDT31008", START_US, 1.0)])
    await sender.close()
