"""Topics to plants, messages to batches: what goes where, in which order, and at which place."""

import pytest

from plant_assets.profile.model import PlantProfile
from serving.broker.messages import ArrivedMessage
from serving.live.sources.mqtt.gathering import gather
from serving.live.sources.mqtt.routes import TopicRoutes
from serving.live.sources.mqtt.source import MOST_AT_ONCE, MOST_BYTES_AT_ONCE, split_messages

ROW = b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"FT101": 50.0}}'


def with_topics(profile: PlantProfile, name: str, *topics: dict[str, object]) -> PlantProfile:
    return PlantProfile.model_validate(
        {
            **profile.model_dump(mode="json", exclude_defaults=True),
            "name": name,
            "live": {"mqtt": {"topics": topics}},
        }
    )


@pytest.fixture(scope="module")
def routes(profile: PlantProfile) -> TopicRoutes:
    return TopicRoutes(
        {
            "one": with_topics(
                profile, "one", {"topic": "site/{tag}/pv"}, {"topic": "site/FT7/#", "tag": "LT31013"}
            ),
            "two": with_topics(profile, "two", {"topic": "site/+/pv", "tag": "PDT31008"}),
        }
    )


def arrive(topic: str, payload: bytes, mid: int = 1, size: int | None = None) -> ArrivedMessage:
    return ArrivedMessage(
        topic, payload, mid, 1, len(payload) if size is None else size, 1_740_981_600_000_000
    )


def test_every_plant_listens_to_its_default_topic_and_to_those_of_its_profile(routes: TopicRoutes) -> None:
    assert routes.filters == {
        "forewarn/one/readings",
        "forewarn/two/readings",
        "site/+/pv",
        "site/FT7/#",
    }
    assert [(route.plant, route.tag) for route in routes.find("forewarn/one/readings")] == [("one", "")]
    assert sorted((route.plant, route.tag) for route in routes.find("site/FT7/pv")) == [
        ("one", "FT7"),
        ("one", "LT31013"),
        ("two", "PDT31008"),
    ]
    assert routes.find("forewarn/three/readings") == ()
    assert routes.find("site/FT7") != ()  # as MQTT has it, # is also the level above


def test_topics_that_are_made_up_do_not_fill_the_memory(
    profile: PlantProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.live.sources.mqtt.routes._MOST_KNOWN", 10)
    routes = TopicRoutes({"one": with_topics(profile, "one", {"topic": "site/{tag}/pv"})})
    for number in range(1000):
        assert routes.find(f"site/{number}/pv")[0].tag == str(number)
    assert len(routes._known) <= 10


def test_messages_become_one_batch_a_plant_in_their_order(routes: TopicRoutes) -> None:
    gathered = gather(
        [
            arrive("forewarn/one/readings", ROW),
            arrive("site/TT1/pv", b"3"),
            arrive("forewarn/two/readings", b"[" + ROW + b"," + ROW + b"]"),
            arrive("forewarn/one/readings", b'{"timestamp": 1740985200000, "values": {}}'),
        ],
        routes,
        100,
    )
    one, two = gathered.by_plant["one"], gathered.by_plant["two"]
    assert [(reading.name, reading.value) for reading in one.readings] == [("FT101", 50.0), ("TT1", 3.0)]
    assert list(one.places) == ["forewarn/one/readings: FT101", "site/TT1/pv: TT1"]
    assert [(reading.name, reading.value) for reading in two.readings] == [
        ("PDT31008", 3.0),
        ("FT101", 50),
        ("FT101", 50),
    ]
    assert two.places[2] == "forewarn/two/readings: readings.1.FT101"
    assert two.places[0:2] == ["site/TT1/pv: PDT31008", "forewarn/two/readings: readings.0.FT101"]
    assert one.reached_us == 1_740_985_200_000_000
    assert gathered.plants == [("one",), ("one", "two"), ("two",), ("one",)] or gathered.plants[1] == (
        "two",
        "one",
    )


def test_what_can_not_be_read_is_refused_by_topic_and_place(routes: TopicRoutes) -> None:
    gathered = gather(
        [
            arrive("forewarn/one/readings", b"nonsense"),
            arrive("forewarn/one/readings", b"", size=10_000_000),
            arrive("forewarn/one/readings", b'{"timestamp": 5, "values": {"FT101": "x"}}'),
            arrive("somewhere/else\x01", b"1"),
        ],
        routes,
        8_388_608,
    )
    receipt = gathered.by_plant["one"].receipt
    assert receipt.n_refused == 3
    assert [str(refused).split(";")[0] for refused in receipt.refused][1:] == [
        "forewarn/one/readings: payload: got 10000000 bytes",
        "forewarn/one/readings: body.FT101: got 'x'",
    ]
    assert str(receipt.refused[0]).startswith("forewarn/one/readings: payload: not valid JSON")
    assert gathered.unmapped == ["somewhere/else\x01"]


def test_a_message_with_too_many_readings_is_refused_as_a_whole(
    routes: TopicRoutes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.live.sources.message.MOST_READINGS", 1)
    two = b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"FT101": 50.0, "FT102": 50.0}}'
    found = gather([arrive("forewarn/one/readings", two)], routes, 100).by_plant["one"]
    assert found.readings == []
    assert "more than 1 readings" in str(found.receipt.refused[0])


def test_only_the_contiguous_prefix_is_ready(routes: TopicRoutes) -> None:
    messages = [
        arrive("forewarn/one/readings", ROW, 1),
        arrive("nobody/knows", b"", 2),
        arrive("forewarn/two/readings", ROW, 3),
        arrive("forewarn/one/readings", ROW, 4),
        arrive("site/x/pv", b"1", 5),
    ]
    gathered = gather(messages, routes, 100)
    assert gathered.prefix(set()) == 0
    assert gathered.prefix({"one"}) == 2
    assert gathered.prefix({"two"}) == 0
    assert gathered.prefix({"one", "two"}) == 5


def test_messages_are_stored_in_parts_that_are_bounded() -> None:
    many = [arrive("t", b"1", n) for n in range(2 * MOST_AT_ONCE + 1)]
    parts = list(split_messages(many))
    assert [len(part) for part in parts] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert [message for part in parts for message in part] == many
    large = [arrive("t", b"x" * (MOST_BYTES_AT_ONCE // 2 + 1), n) for n in range(3)]
    assert [len(part) for part in split_messages(large)] == [1, 1, 1]
    assert list(split_messages([])) == []
