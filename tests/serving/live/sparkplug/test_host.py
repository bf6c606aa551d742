"""What a host application makes of an edge node's messages."""

import dataclasses

import pytest

from serving.live.sources.sparkplug.host import HostEffects, SparkplugHost
from serving.live.sources.sparkplug.payload import SparkplugPayload
from serving.live.sources.sparkplug.topics import SparkplugTopic
from tests.serving.live.sparkplug.edges import NODE, NOW_MS, Message, ScriptedEdge, metric


class HeardHost:
    """A host with a clock that a test sets."""

    def __init__(self) -> None:
        self.host, self.now = SparkplugHost(), 0.0

    def hear(self, message: Message) -> HostEffects:
        return self.host.receive(*message, self.now, NOW_MS)


@pytest.fixture
def heard() -> HeardHost:
    return HeardHost()


def metric_values(effects: HostEffects) -> list[tuple[str, float | None, str]]:
    return [(value.name, value.value, value.quality) for value in effects.values]


def test_a_birth_gives_values_and_aliases(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    effects = heard.hear(edge.birth({1: "flow", 2: "level"}, flow=5.0, level=7.0))
    assert metric_values(effects) == [("flow", 5.0, "good"), ("level", 7.0, "good")]
    assert metric_values(heard.hear(edge.data(2, 8.0))) == [("level", 8.0, "good")]
    assert effects.rebirths == effects.faults == []


def test_units_and_ranges_come_from_the_birth(heard: HeardHost) -> None:
    flow = metric("flow", 5.0, 1, properties={"engUnit": " m3/h ", "engLow": 0, "engHigh": 120.5})
    topic, payload = ScriptedEdge().birth()
    effects = heard.hear((topic, SparkplugPayload(NOW_MS, 0, [*payload.metrics, flow])))
    (born,) = effects.births[0][2].values
    assert (born.unit, born.low, born.high) == ("m3/h", 0, 120.5)
    assert effects.values[0].unit == "m3/h"


def test_data_of_an_unknown_edge_asks_for_its_rebirth_at_once_and_then_ever_less_often(
    heard: HeardHost,
) -> None:
    edge = ScriptedEdge()
    edge.birth({1: "flow"})
    asked = []
    for step in range(60):
        heard.now = step / 10
        asked += [heard.now for _ in heard.hear(edge.data(1, 2.0)).rebirths]
    assert asked == [0.0, 1.0, 3.0]
    assert metric_values(heard.hear(edge.birth({1: "flow"}, flow=1.0))) == [("flow", 1.0, "good")]
    heard.hear(edge.data(1, 2.0))
    heard.now = 100.0
    edge.count()
    assert heard.hear(edge.data(1, 2.0)).rebirths == [NODE]


def test_after_a_gap_no_alias_is_believed_until_the_rebirth(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth({1: "flow"}, flow=5.0))
    edge.data(1, 6.0)
    effects = heard.hear(edge.data(1, 7.0))
    assert (effects.values, effects.unresolved, effects.rebirths) == ([], 1, [NODE])
    assert "seq: got 2; expected 1" in effects.faults[0]
    heard.hear(edge.birth({1: "level"}, level=1.0))
    assert metric_values(heard.hear(edge.data(1, 8.0))) == [("level", 8.0, "good")]


def test_the_sequence_wraps_after_255(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth({1: "flow"}))
    for value in range(600):
        effects = heard.hear(edge.data(1, float(value)))
        assert effects.rebirths == effects.faults == []
        assert effects.values[0].value == value


def test_two_devices_may_use_the_same_alias(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth())
    heard.hear(edge.device_birth("a", {1: "flow"}))
    heard.hear(edge.device_birth("b", {1: "level"}))
    values = [*heard.hear(edge.data(1, 1.0, "a")).values, *heard.hear(edge.data(1, 2.0, "b")).values]
    assert [(v.device, v.name) for v in values] == [("a", "flow"), ("b", "level")]


def test_the_death_of_a_device_loses_its_metrics_alone(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    for message in (
        edge.birth({9: "load"}),
        edge.device_birth("a", {1: "flow"}),
        edge.device_birth("b", {2: "level"}),
    ):
        heard.hear(message)
    (lost,) = heard.hear(edge.device_death("a")).lost
    assert (lost.device, lost.names) == ("a", ("flow",))
    effects = heard.hear(edge.data(2, 4.0, "b"))
    assert metric_values(effects) == [("level", 4.0, "good")]


def test_the_death_of_an_edge_node_loses_all_its_devices(heard: HeardHost) -> None:
    edge = ScriptedEdge(bd_seq=7)
    heard.hear(edge.birth({9: "load"}))
    heard.hear(edge.device_birth("a", {1: "flow"}))
    lost = heard.hear(edge.death()).lost
    assert [(one.device, one.names) for one in lost] == [(None, ("load",)), ("a", ("flow",))]
    assert heard.hear(edge.death()).lost == []


def test_the_death_of_an_earlier_session_changes_nothing(heard: HeardHost) -> None:
    edge = ScriptedEdge(bd_seq=1)
    late = edge.death()
    edge.bd_seq = 2
    heard.hear(edge.birth({1: "flow"}))
    effects = heard.hear(late)
    assert effects.lost == []
    assert "earlier session" in effects.faults[0]
    assert metric_values(heard.hear(edge.data(1, 3.0))) == [("flow", 3.0, "good")]


@pytest.mark.parametrize(
    "died",
    [[], [metric(None, 3, 5, 4)], [metric(None, 3, 77, 4)]],
    ids=["no bdSeq", "by its alias", "by an alias nobody knows"],
)
def test_deaths_as_peers_get_them_wrong_still_lose_the_edge(heard: HeardHost, died: list[object]) -> None:
    born = [metric("bdSeq", 3, 5, 4), metric("flow", 2.0, 1)]
    heard.hear((SparkplugTopic("NBIRTH", NODE), SparkplugPayload(NOW_MS, 0, born)))
    death = SparkplugPayload(NOW_MS, 4, died)  # pyright: ignore[reportArgumentType]
    assert heard.hear((SparkplugTopic("NDEATH", NODE), death)).lost[0].names == ("flow",)


def test_a_birth_that_counts_from_elsewhere_is_read_with_a_warning(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    topic, payload = edge.birth({1: "flow"}, flow=1.0)
    effects = heard.hear((topic, dataclasses.replace(payload, seq=41, metrics=payload.metrics[1:])))
    assert metric_values(effects) == [("flow", 1.0, "good")]
    assert "no metric bdSeq" in effects.faults[0]
    assert "seq: got 41; expected 0" in effects.faults[1]
    edge.seq = 41
    assert metric_values(heard.hear(edge.data(1, 2.0))) == [("flow", 2.0, "good")]


@pytest.mark.parametrize(
    ("properties", "quality"),
    [({}, "good"), ({"Quality": 192}, "good"), ({"Quality": 216}, "good"), ({"Quality": 64}, "uncertain"), ({"Quality": 300}, "uncertain"), ({"Quality": 0}, "bad"), ({"Quality": 500}, "bad"), ({"Quality": 515}, "bad"), ({"quality": -1}, "bad"), ({"Quality": "Good"}, "bad"), ({"Quality": None}, "bad")],
)  # fmt: skip
def test_the_quality_property_is_read_as_opc_codes(
    heard: HeardHost, properties: dict[str, object], quality: str
) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth({1: "flow"}))
    data = SparkplugPayload(NOW_MS, edge.count(), [metric(None, 2.0, 1, properties=properties)])
    assert metric_values(heard.hear((SparkplugTopic("NDATA", NODE), data))) == [("flow", 2.0, quality)]


def test_a_null_is_a_value_of_bad_quality_and_keeps_its_time(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth({1: "flow"}))
    data = SparkplugPayload(
        NOW_MS, edge.count(), [metric(None, None, 1, time_ms=NOW_MS - 5000, historical=True)]
    )
    (value,) = heard.hear((SparkplugTopic("NDATA", NODE), data)).values
    assert (value.value, value.quality, value.time_ms) == (None, "bad", NOW_MS - 5000)


def test_texts_and_what_is_no_number_are_counted_not_read(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.hear(edge.birth({1: "flow"}))
    metrics = [metric(None, float("nan"), 1), metric("recipe", "A7", datatype=12)]
    effects = heard.hear((SparkplugTopic("NDATA", NODE), SparkplugPayload(NOW_MS, edge.count(), metrics)))
    assert (effects.values, effects.refused) == ([], 2)


def test_an_alias_of_two_metrics_is_no_alias(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    topic, payload = edge.birth()
    both = [metric("flow", 1.0, 1), metric("level", 2.0, 1)]
    effects = heard.hear((topic, SparkplugPayload(NOW_MS, 0, [*payload.metrics, *both])))
    assert "alias 1 is both 'flow' and 'level'" in effects.faults[0]
    assert heard.hear(edge.data(1, 3.0)).values == []


def test_a_new_connection_asks_every_edge_and_a_lost_one_loses_all(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    assert heard.host.forget([NODE], 0.0).rebirths == [NODE]
    heard.hear(edge.birth({1: "flow"}))
    (lost,) = heard.host.lose_all().lost
    assert lost.names == ("flow",)
    heard.now = 5.0
    assert heard.hear(edge.data(1, 3.0)).values == []


def test_aliases_of_a_device_birth_before_its_edges_are_not_believed(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    edge.birth()
    effects = heard.hear(edge.device_birth("a", {1: "flow"}, flow=3.0))
    assert (metric_values(effects), effects.rebirths) == ([("flow", 3.0, "good")], [NODE])
    assert heard.hear(edge.data(1, 4.0, "a")).unresolved == 1


def test_a_gap_right_after_a_request_is_asked_about_later_though_nothing_more_is_said(
    heard: HeardHost,
) -> None:
    edge = ScriptedEdge()
    assert heard.host.forget([NODE], heard.now).rebirths == [NODE]
    heard.hear(edge.birth({1: "flow"}, flow=1.0))
    edge.data(1, 2.0)  # lost
    heard.now = 0.5
    assert heard.hear(edge.data(1, 3.0)).rebirths == []
    assert heard.host.ask_due(0.9) == []
    assert heard.host.ask_due(1.0) == [NODE]
    assert heard.host.ask_due(9.0) == []
    heard.hear(edge.birth({1: "flow"}, flow=3.0))
    assert metric_values(heard.hear(edge.data(1, 4.0))) == [("flow", 4.0, "good")]


def test_what_was_born_meanwhile_is_not_asked_again(heard: HeardHost) -> None:
    edge = ScriptedEdge()
    heard.host.forget([NODE], heard.now)
    heard.hear(edge.birth({1: "flow"}, flow=1.0))
    edge.data(1, 2.0)
    heard.hear(edge.data(1, 3.0))
    heard.hear(edge.birth({1: "flow"}, flow=3.0))
    assert heard.host.ask_due(60.0) == []
