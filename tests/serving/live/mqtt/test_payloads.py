"""Payloads as a profile maps them: what is read, and which place is told of what isn't."""

import pytest

from plant_assets.profile.live_mqtt import MqttTopic
from serving.live.readings import RawReading
from serving.live.sources.message import ParsedMessage
from serving.live.sources.mqtt.payloads import reader_of

ARRIVED = 1_740_981_600_123_456
TIME = 1_740_981_600_000_000


def read(payload: bytes | str, tag: str = "FT101", **mapping: object) -> ParsedMessage:
    given = (
        {"topic": "a/{tag}", **mapping} if "values" not in mapping and "values_at" not in mapping else mapping
    )
    content = payload.encode() if isinstance(payload, str) else payload
    return reader_of(MqttTopic.model_validate({"topic": "a", **given}))(tag, content, ARRIVED)


@pytest.mark.parametrize(
    ("payload", "value"),
    [("50.25", 50.25), (" -1e3\r\n", -1000.0), ("7", 7.0), (".5", 0.5), ("true", 1.0), ("OFF", 0.0)],
)
def test_a_bare_number_has_the_time_of_its_arrival(payload: str, value: float) -> None:
    assert read(payload).readings == [RawReading("FT101", ARRIVED, value)]


def test_null_says_that_there_is_no_value() -> None:
    assert read("null").readings == [RawReading("FT101", ARRIVED, None, "bad")]


@pytest.mark.parametrize(
    "payload", ["", "nan", "inf", "1_000", "5,5", "0x10", "fifty", "1 2", "9" * 65, b"\xff\xfe", '{"v": 1}']
)
def test_what_is_no_number_is_refused(payload: str | bytes) -> None:
    message = read(payload)
    assert message.readings == []
    assert [(r.place, r.expected) for r in message.refused] == [
        ("payload", "a number, true, false, or null where there is no value")
    ]


def test_paths_lead_to_value_time_and_quality() -> None:
    mapping = {"value": "$.d['p v'][1]", "time": "$.d.t", "quality": "$.q"}
    message = read('{"d": {"p v": [0, "4.5"], "t": 1740981600000}, "q": "Uncertain"}', **mapping)
    assert message.readings == [RawReading("FT101", TIME, 4.5, "uncertain")]


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("s", "1740981600"),
        ("s", "1740981600.0"),
        ("ms", "1740981600000"),
        ("us", "1740981600000000"),
        ("ns", "1740981600000000999"),
        ("ns", '"2025-03-03T06:00:00Z"'),
        ("s", '"2025-03-03T07:00:00+01:00"'),
    ],
)
def test_times_are_numbers_of_a_unit_or_texts_with_an_offset(unit: str, time: str) -> None:
    message = read(f'{{"v": 1, "t": {time}}}', value="$.v", time="$.t", time_unit=unit)
    assert message.readings == [RawReading("FT101", TIME, 1.0)]


@pytest.mark.parametrize(
    ("scale", "word", "quality"),
    [
        ("words", '"GOOD"', "good"),
        ("words", "false", "bad"),
        ("words", "true", "good"),
        ("opc_da", "192", "good"),
        ("opc_da", "64", "uncertain"),
        ("opc_da", "0", "bad"),
        ("opc_ua", "0", "good"),
        ("opc_ua", "1073741824", "uncertain"),
        ("opc_ua", "2150694912", "bad"),
    ],
)
def test_qualities_are_words_or_codes(scale: str, word: str, quality: str) -> None:
    message = read(f'{{"v": 1, "q": {word}}}', value="$.v", quality="$.q", qualities=scale)
    assert [reading.quality for reading in message.readings] == [quality]


@pytest.mark.parametrize(
    ("payload", "place", "reason"),
    [
        ("[1", "payload", "not valid JSON"),
        ('{"v": NaN}', "payload", "not valid JSON"),
        ('{"t": 1, "q": "good"}', "$.v", "absent"),
        ('{"v": {}, "t": 1, "q": "good"}', "$.v", "got an object"),
        ('{"v": "five", "t": 1, "q": "good"}', "$.v", "got 'five'"),
        ('{"v": 1, "q": "good"}', "$.t", "absent"),
        ('{"v": 1, "t": true, "q": "good"}', "$.t", "got true"),
        ('{"v": 1, "t": "2025-03-03 06:00", "q": "good"}', "$.t", "without an offset"),
        ('{"v": 1, "t": 1e300, "q": "good"}', "$.t", "beyond the years 1 to 9999"),
        ('{"v": 1, "t": 1}', "$.q", "absent"),
        ('{"v": 1, "t": 1, "q": "fine"}', "$.q", "got 'fine'"),
        ('{"v": 1, "t": 1, "q": 192}', "$.q", "got 192"),
    ],
)
def test_each_fault_is_told_by_its_path(payload: str, place: str, reason: str) -> None:
    message = read(payload, value="$.v", time="$.t", quality="$.q")
    assert message.readings == []
    assert message.n_refused == 1
    assert message.refused[0].place == place
    assert reason in message.refused[0].reason


def test_a_document_has_many_tags_and_may_have_some_of_them_only() -> None:
    mapping = {"values": {"FT101": "$.flow.pv", "TT101": "$.temp", "PT1": "$.p"}, "time": "$.ts"}
    message = read('{"flow": {"pv": 50}, "temp": "warm", "ts": 1740981600000}', "", **mapping)
    assert message.readings == [RawReading("FT101", TIME, 50.0)]
    assert [(refused.place, refused.reason) for refused in message.refused] == [("TT101", "got 'warm'")]
    nothing = read('{"ts": 1740981600000}', "", **mapping)
    assert [(refused.place, refused.reason) for refused in nothing.refused] == [
        ("payload", "none of the values")
    ]


def test_an_object_names_its_tags_itself() -> None:
    message = read('{"data": {"FT101": 50, "TT101": null, "x": []}}', "", values_at="$.data")
    assert message.readings == [RawReading("FT101", ARRIVED, 50.0), RawReading("TT101", ARRIVED, None, "bad")]
    assert list(message.places()) == ["$.data.FT101", "$.data.TT101"]
    assert [refused.place for refused in message.refused] == ["$.data.x"]
    assert read("{}", "", values_at="$.data").refused[0].reason == "absent"


def test_an_object_without_values_tells_the_time() -> None:
    message = read('{"data": {}, "t": "2025-03-03T06:00:00Z"}', "", values_at="$.data", time="$.t")
    assert (message.readings, message.newest_us) == ([], TIME)
