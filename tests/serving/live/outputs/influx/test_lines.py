"""A point's line says what the point says, whatever its names hold; what the protocol can't hold is refused."""

import math
import re
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from serving.live.outputs.influx.lines import DataPoint, FieldValue, format_line

names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from(', ="\\'), min_size=1, max_size=12
).filter(lambda text: not text.endswith("\\"))
values = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from(', ="\\'), max_size=20)
)
points = st.builds(
    DataPoint,
    names.filter(lambda text: not text.startswith("#")),
    st.dictionaries(names, names, max_size=3),
    st.dictionaries(names, values, min_size=1, max_size=3),
    st.integers(-(2**53), 2**53),
)


def unescape(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text)


def read_value(text: str) -> FieldValue:
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else float(text)


def read_fields(text: str) -> dict[str, FieldValue]:
    pairs = re.findall(r'((?:\\[,= ]|[^,= ])+)=("(?:\\.|[^"\\])*"|[^",]+)(?:,|$)', text)
    return {unescape(name): read_value(value) for name, value in pairs}


def read_line(line: str) -> DataPoint:
    """An independent reading of one line, by regular expressions."""
    found = re.fullmatch(
        r"((?:\\[, ]|[^, ])+)((?:,(?:\\[,= ]|[^,= ])+=(?:\\[,= ]|[^,= ])+)*) (.+) (-?\d+)", line
    )
    assert found is not None, line
    measurement, tags, fields, time_ns = found.groups()
    pairs = re.findall(r",((?:\\[,= ]|[^,= ])+)=((?:\\[,= ]|[^,= ])+)", tags)
    return DataPoint(
        re.sub(r"\\([, ])", r"\1", measurement),
        {unescape(name): unescape(value) for name, value in pairs},
        read_fields(fields),
        int(time_ns) // 1000,
    )


@given(points)
def test_a_line_says_what_the_point_says(point: DataPoint) -> None:
    line = format_line(point)
    assert "\n" not in line
    assert read_line(line) == point


def test_what_a_line_looks_like() -> None:
    point = DataPoint(
        "a b", {"tag": "x,y=z", "none": ""}, {"value": 1.5, "n": 2, "on": True, "t": 'q"'}, 1_000
    )
    assert format_line(point) == 'a\\ b,tag=x\\,y\\=z value=1.5,n=2i,on=true,t="q\\"" 1000000'


@pytest.mark.parametrize(
    ("point", "said"),
    [
        (DataPoint("m", {}, {}, 0), "no field"),
        (DataPoint("m", {"tag": "a\nb"}, {"v": 1}, 0), "control characters"),
        (DataPoint("m", {"tag": "a\\"}, {"v": 1}, 0), "last backslash"),
        (DataPoint("m", {"tag": "a\x00"}, {"v": 1}, 0), "control characters"),
        (DataPoint("", {}, {"v": 1}, 0), "got the name ''"),
        (DataPoint("#m", {}, {"v": 1}, 0), "no comment"),
        (DataPoint("m", {}, {"v": math.nan}, 0), "v: got nan"),
        (DataPoint("m", {}, {"v": math.inf}, 0), "v: got inf"),
        (DataPoint("m", {}, {"v": 2**63}, 0), "64 bits"),
        (DataPoint("m", {}, {"v": "a\nb"}, 0), "several lines"),
        (DataPoint("m", {}, {"v": 1}, 2**62), "1677 to 2262"),
    ],
)
def test_what_the_protocol_cannot_hold_is_refused(point: DataPoint, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        format_line(point)


@given(points)
def test_the_parser_that_push_uses_reads_the_same(point: DataPoint) -> None:
    # The parser reads no numbers smaller than 2.2e-308.
    assume(not any(isinstance(v, float) and 0 < abs(v) < sys.float_info.min for v in point.fields.values()))
    assume(
        not any(
            "\\" in text for text in (point.measurement, *point.tags, *point.tags.values(), *point.fields)
        )
    )
    read = parse_line(format_line(point))
    assert (read["measurement"], read["tags"], read["time"]) == (
        point.measurement,
        point.tags,
        point.time_us * 1000,
    )
    assert read["fields"] == point.fields
