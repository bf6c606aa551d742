"""Line protocol: forms that InfluxDB takes, names of readings, what is refused by its line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.live.readings import MOST_REFUSED, RawReading
from serving.live.sources.message import ParsedMessage
from serving.live.sources.push.line_protocol import PRECISIONS, parse_lines

NOW = 1_740_981_600_000_000
AT = 1_700_000_000_000_000
NS = f"{AT}000"
SIMPLE = st.from_regex(r"\A[a-zA-Zµ_\-]{1,5}(,(tag|host|quality|unit)=[a-zG_.\-]{1,6}){0,3}\Z")


def read(text: str | bytes, precision: str = "ns") -> ParsedMessage:
    content = text.encode() if isinstance(text, str) else text
    return parse_lines(content, PRECISIONS[precision], NOW)


def only(text: str, precision: str = "ns") -> RawReading:
    message = read(text, precision)
    assert message.n_refused == 0, message.refused
    (reading,) = message.readings
    return reading


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"FT101 value=50.5 {NS}", RawReading("FT101", AT, 50.5)),
        (f"plant,tag=FT101 value=50 {NS}", RawReading("FT101", AT, 50.0)),
        (f"plant,name=FT101 value=-5e-1 {NS}", RawReading("FT101", AT, -0.5)),
        (f"plant,sensor=FT101,host=a value=50i {NS}", RawReading("FT101", AT, 50.0)),
        (f"plant,name=N,tag=T value=7u {NS}", RawReading("T", AT, 7.0)),
        (f"modbus,host=edge1,slave_id=1 FT101=50 {NS}", RawReading("FT101", AT, 50.0)),
        (f"pump running=true {NS}", RawReading("running", AT, 1.0)),
        (f"pump running=F {NS}", RawReading("running", AT, 0.0)),
        ("FT101 value=1", RawReading("FT101", NOW, 1.0)),
        (f"FT101,quality=bad value=1 {NS}", RawReading("FT101", AT, 1.0, "bad")),
        (
            f"FT101,quality=Uncertain,unit=m3/h value=1 {NS}",
            RawReading("FT101", AT, 1.0, "uncertain", "m3/h"),
        ),
        (f'FT101 value=1,quality="bad",unit="bar" {NS}', RawReading("FT101", AT, 1.0, "bad", "bar")),
        (rf"plant\ 1,tag=FT\,1\ 01\=x value=1 {NS}", RawReading("FT,1 01=x", AT, 1.0)),
        (
            rf'opcua,id=ns\=3;s\=Temperature Temperature=79,Quality="OK (0x0)" {NS}',
            RawReading("Temperature", AT, 79.0),
        ),
        (
            f'opcua T=79,Quality="StatusBadNoCommunication (0x80310000)" {NS}',
            RawReading("T", AT, 79.0, "bad"),
        ),
        (f"FT101 value=1 {NS} ", RawReading("FT101", AT, 1.0)),
        (f"FT101 value=1 {NS}\r", RawReading("FT101", AT, 1.0)),
        ("FT101 value=1 -1000", RawReading("FT101", -1, 1.0)),
    ],
)
def test_a_point_is_a_reading(line: str, expected: RawReading) -> None:
    assert only(line) == expected


def test_telegrafs_fields_are_readings_of_their_own_names() -> None:
    message = read(f"modbus,host=edge1,type=input FT101=50.5,PT7=3i,running=true {NS}")
    assert {r.name: r.value for r in message.readings} == {"FT101": 50.5, "PT7": 3.0, "running": 1.0}
    assert sorted(message.places()) == ["line 1, FT101", "line 1, PT7", "line 1, running"]


@pytest.mark.parametrize(
    ("precision", "number"),
    [
        ("ns", AT * 1000),
        ("n", AT * 1000 + 999),
        ("", AT * 1000),
        ("us", AT),
        ("u", AT),
        ("µ", AT),
        ("ms", AT // 1000),
        ("s", AT // 1_000_000),
    ],
)
def test_times_are_in_the_precision(precision: str, number: int) -> None:
    assert only(f"FT101 value=1 {number}", precision).time_us == AT
    assert only(f"FT101 value=1i {number}", precision).time_us == AT


def test_minutes_and_hours_of_version_1() -> None:
    assert only("FT101 value=1 60", "m").time_us == 3_600_000_000
    assert only("FT101 value=1 1", "h").time_us == 3_600_000_000


def test_comments_and_empty_lines_count_as_lines() -> None:
    message = read(f"# one\n\nFT101 value=1 {NS}\n   \n  # two\nbroken\nFT102 value=2 {NS}\n")
    assert list(message.places()) == ["line 3, FT101", "line 7, FT102"]
    assert [refused.place for refused in message.refused] == ["line 6"]


def test_a_quoted_text_may_hold_line_ends() -> None:
    message = read(f'log text="one\ntwo \\" value=7 3\nthree",FT101=1 {NS}\nFT102 value=2 {NS}')
    assert [(r.name, r.value) for r in message.readings] == [("FT101", 1.0), ("FT102", 2.0)]
    assert list(message.places()) == ["line 1, FT101", "line 4, FT102"]
    assert [(name, place) for name, place, _ in message.texts] == [("text", "line 1, text")]


def test_a_quote_that_nothing_ends_takes_its_line_alone() -> None:
    message = read(f'm a="x {NS}\nFT102 value=2 {NS}\nFT103 value=3 {NS}')
    assert [r.name for r in message.readings] == ["FT102", "FT103"]
    assert [refused.place for refused in message.refused] == ["line 1"]


@pytest.mark.parametrize(
    ("line", "place", "got", "expected"),
    [
        ("FT101", "line 1", "Failed to parse measurement", "a point such as"),
        ("FT101 value=NaN 1", "line 1", "field value", "a point such as"),
        ("FT101 value=1e999 1", "line 1", "field value", "a point such as"),
        ("FT101 value=inf 1", "line 1", "field value", "a point such as"),
        ("FT101 value=1 1.5", "line 1", "timestamp", "a point such as"),
        ("FT101 value=1 99999999999999999999", "line 1", "timestamp", "a point such as"),
        ("FT101,quality=fine value=1 1", "line 1, quality", "word", "good, uncertain or bad"),
        ("FT101 value=1,quality=192i 1", "line 1, quality", "word", "good, uncertain or bad"),
        ("FT\x00101 value=1 1", "line 1", "NUL", "a point such as"),
    ],
)
def test_what_is_no_point_is_refused_by_its_line(line: str, place: str, got: str, expected: str) -> None:
    message = read(f"{line}\nFT102 value=2 {NS}")
    assert [r.name for r in message.readings] == ["FT102"]
    ((at, reason, wanted),) = message.refused
    assert at == place
    assert got in reason
    assert wanted.startswith(expected)


def test_bytes_that_are_no_utf_8_are_refused_by_their_line() -> None:
    message = read(b"FT\xff101 value=1 5\nFT102 value=2i\nFT\xfe103 value=2i 5")
    assert [r.name for r in message.readings] == ["FT102"]
    assert [(r.place, r.reason) for r in message.refused] == [
        ("line 1", "bytes that are no UTF-8"),
        ("line 3", "bytes that are no UTF-8"),
    ]


@pytest.mark.parametrize("precision", ["h", "s"])
def test_a_time_beyond_the_calendar_is_refused(precision: str) -> None:
    message = read(f"FT101 value=1 {NS}\nFT101 value=1i {NS}", precision)
    assert not message.readings
    assert {r.reason for r in message.refused} == {"got a time beyond the years 1 to 9999"}


def test_of_very_many_refusals_the_first_are_kept_and_all_counted() -> None:
    message = read("broken\n" * 5000)
    assert message.n_refused == 5000
    assert len(message.refused) == MOST_REFUSED
    assert message.refused[-1].place == f"line {MOST_REFUSED}"


def test_a_body_of_one_endless_text_takes_no_long_time() -> None:
    message = read('m a="' + '="x\\' * 400_000)
    assert (message.readings, message.n_refused) == ([], 1)


@given(
    series=SIMPLE,
    number=st.from_regex(r"\A-?[0-9]{0,3}(\.[0-9]{0,3})?([eE][-+]?[0-9]{1,3})?i?\Z"),
    time=st.from_regex(r"\A( -?[0-9]{0,20})?\Z"),
)
def test_the_quick_way_and_the_exact_way_agree(series: str, number: str, time: str) -> None:
    assert_both_agree(f"{series} value={number}{time}")


@given(line=st.text(st.sampled_from('m,,== "#\\1ie.5u té0-+value'), max_size=30))
def test_they_agree_on_any_text(line: str) -> None:
    assert_both_agree(line)
    assert_both_agree(f"m{line} value=1 {NS}")
    assert_both_agree(f"m,tag={line} value=1 {NS}")


def assert_both_agree(line: str) -> None:
    """A space at the end is InfluxDB's to take, and more than the quick way reads."""
    if line.endswith("\\"):
        return
    quick, exact = read(line), read(f"{line} ")
    assert repr(quick.readings) == repr(exact.readings)
    assert [r.place for r in quick.refused] == [r.place for r in exact.refused]


@given(texts=st.lists(st.text(st.sampled_from('ab ="\\,'), max_size=12), min_size=1, max_size=4))
def test_points_between_texts_with_line_ends_are_all_found(texts: list[str]) -> None:
    lines = [f'm{i} value={i},text="{quoted(text)}" {i}000' for i, text in enumerate(texts)]
    message = read("\n".join(lines))
    assert [(r.name, r.value, r.time_us) for r in message.readings] == [
        (f"m{i}", float(i), i) for i in range(len(texts))
    ]


def quoted(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text) + "\n end"
