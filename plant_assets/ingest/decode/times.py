"""Cells to UTC instants: date styles, offsets, the plant's time zone, and the hour that comes twice.

Rules: an offset in the text is honoured; a naive time is in the plant's zone. In the hour that the autumn
change repeats, a series' first pass is summer time and, once it has stepped back, the second is winter
time; a series that never steps back is summer time. A time that the spring change skips is refused.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import polars as pl

from plant_assets.ingest.decode.date_words import in_english
from plant_assets.ingest.decode.zones import find_zone
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.records import TIME

EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_FEW = 10_000
AHEAD = timedelta(minutes=10)
"""How far ahead of this machine's clock a time may be; clocks differ a little."""

Where = Callable[[int], str]

_MONTH = r"[^\W\d_]{3,12}\.?"
_DATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"^\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"^\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    (r"^\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y",)),
    (r"^\d{1,2}\.\d{1,2}\.\d{2}(?:\s|$)", ("%d.%m.%y",)),
    (r"^\d{1,2}/\d{1,2}/\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    (r"^\d{1,2}/\d{1,2}/\d{2}(?:\s|$)", ("%d/%m/%y", "%m/%d/%y")),
    (r"^\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    (r"^\d{1,2}-\d{1,2}-\d{2}(?:\s|$)", ("%d-%m-%y", "%m-%d-%y")),
    (rf"^\d{{1,2}}-{_MONTH}-\d{{4}}", ("%d-%b-%Y",)),
    (rf"^\d{{1,2}}-{_MONTH}-\d{{2}}(?:\s|$)", ("%d-%b-%y",)),
    (rf"^\d{{1,2}}/{_MONTH}/\d{{4}}", ("%d/%b/%Y",)),
    (rf"^\d{{1,2}}/{_MONTH}/\d{{2}}(?:\s|$)", ("%d/%b/%y",)),
    (rf"^\d{{1,2}}\.{_MONTH}\.?\d{{4}}", ("%d.%b.%Y",)),
    (rf"^\d{{1,2}}\.? (?:de )?{_MONTH},? (?:de )?\d{{4}}", ("%d %b %Y",)),
    (rf"^\d{{1,2}}\.? {_MONTH},? \d{{2}}(?:\s|$)", ("%d %b %y",)),
    (rf"^{_MONTH} \d{{1,2}},? \d{{4}}", ("%b %d %Y",)),
    (rf"^{_MONTH} \d{{1,2}},? \d{{2}}(?:\s|$)", ("%b %d %y",)),
    (rf"^\d{{4}}-{_MONTH}-\d{{1,2}}", ("%Y-%b-%d",)),
    (rf"^\d{{4}}/{_MONTH}/\d{{1,2}}", ("%Y/%b/%d",)),
    (rf"^\d{{1,2}}{_MONTH}\d{{4}}", ("%d%b%Y",)),
    (r"^(?:19|20)\d{6}(?:\s|$)", ("%Y%m%d",)),
    (r"^(?:19|20)\d{12}$", ("%Y%m%d%H%M%S",)),
    (r"^(?:19|20)\d{10}$", ("%Y%m%d%H%M",)),
)
_CLOCKS = (
    " %H:%M:%S", " %H:%M", " %H:%M:%S%.f", "", " %I:%M:%S %p", " %I:%M %p", " %I:%M:%S%.f %p",
    " %H.%M.%S", " %H.%M", " %H%M%S", " %H%M", ":%H:%M:%S", ":%H:%M", ":%H:%M:%S%.f", " %Hh%M",
)  # fmt: skip
_COMPACT = (
    r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-4])[0-5]\d(?:[0-5]\d)?)?$"
)
_TICKS = (
    (1.195e17, 1.58e17, "Windows file times", 11_644_473_600_000_000),
    (6.24e17, 6.62e17, ".NET ticks", 62_135_596_800_000_000),
)
"""Steps of 100 ns since 1601 and since the year 1, from 1980 to 2100: range, name, and microseconds from their zero to
1970. As nanoseconds since 1970 the same numbers would be of 1973 to 1975 and of 1989 to 1990."""
_OFFSET = r"(?i)\s*(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?)$"
_ZONE_WORD = r"\d(?:\s*[AaPp]\.?[Mm]\.?)?\s+([A-Z]{2,5}|[A-Z][a-z]+/[A-Za-z_/+-]+)$"
_FORMS = (
    (
        r"^(?:[A-Za-z]{3} )?([A-Za-z]{3}) +(\d{1,2}) (\d{1,2}:\d\d:\d\d)((?: [A-Z]{3,5})?) (\d{4})$",
        "$1 $2 $5 $3$4",
    ),  # as C and `date` write times
    (r"^(\S*\d.*?\d) +[-\u2013] +\d.*$", "$1"),  # an interval in one cell: its start
    (r"^(\d{4}-\d\d-\d\d)-(\d\d)\.(\d\d)\.(\d\d)", "$1 $2:$3:$4"),
    (r"^(\d{4}-\d\d-\d\d)_(\d)", "$1 $2"),
    (r"(:\d\d:\d\d):(\d{3})$", "$1.$2"),
    (r"^(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4} \d{1,2})$", "$1:00"),
    (
        r"((?:GMT|UTC)[+-]\d{2}:?\d{2}) \(.*\)$",
        "$1",
    ),  # an offset and the zone's name, as JavaScript writes both
)
"""How some programs write times, and the same as others do."""
_TRAILING_ZONE = r"\s+[A-Za-z_/+-]+$"
_MIDNIGHT = r"([ T])24:00(:00(?:\.0+)?)?$"
_WEEKDAY = r"^(?:[^\W\d_]{2,12}\.?,?\s+)?"
_TIME_LIKE = re.compile(
    "|".join(pattern if pattern.startswith("^(?:19") else f"{_WEEKDAY}{pattern[1:]}" for pattern, _ in _DATES)
    + r"|^\d{8}T\d{4,6}|^\d{4}\s*[年년]|^[a-z]{3} [a-z]{3} +\d{1,2} \d{1,2}:\d\d:\d\d",
    re.IGNORECASE,
)


@dataclass(slots=True)
class TimeGuesses:
    """What cells of times don't tell.

    Attributes:
        zone: where times without an offset were taken as local; empty where all have one.
        first: whether the day or the month comes first, where only the steps between the rows tell.
        ticks: what numbers were taken as that could be nanoseconds since 1970.
    """

    zone: str = ""
    first: str = ""
    ticks: str = ""


def looks_like_time(text: str) -> bool:
    """Whether a text begins as a date does; months and weekdays of any language are words."""
    return bool(_TIME_LIKE.match(text.strip()))


def parse_times(
    raw: pl.Series,
    zone: str,
    place: Where,
    *,
    now: datetime,
    series: pl.Series | None = None,
    told: str = "",
    guesses: "TimeGuesses | None" = None,
) -> pl.Series:
    """Cells to instants in UTC; empty cells are null.

    Args:
        raw: texts, typed times or numbers (Excel days, Unix seconds to nanoseconds, ticks), in file order.
        zone: where naive times are local.
        series: what belongs to one series in file order, such as the tag; None: all are one.
        told: the zone or offset of naive times that the column's title tells, which comes before `zone`.
        guesses: takes what the cells didn't tell.

    Raises:
        Refusal: not a time, another form than the others, mixed time zones, before 1980 or in the future.
    """
    guesses = guesses if guesses is not None else TimeGuesses()
    if isinstance(raw.dtype, pl.Datetime) and raw.dtype.time_zone:
        found = raw.cast(TIME)
    elif isinstance(raw.dtype, pl.Datetime | pl.Date):
        found = raw.cast(pl.Datetime("us"))
    elif raw.dtype.is_numeric():
        found = _from_numbers(raw.cast(pl.Float64), place, guesses)
    else:
        found = _from_texts(raw.cast(pl.String, strict=False), zone, place, guesses)
    aware = isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone is not None
    if aware:
        times = found
    else:
        means = find_zone(told, zone, place(0)) if told else ZoneInfo(zone)
        if not told and found.null_count() < found.len():
            guesses.zone = zone
        times = _localised(found, means, place, series)
    _check_span(times, place, now)
    return times


def _from_texts(raw: pl.Series, zone: str, place: Where, guesses: TimeGuesses) -> pl.Series:
    """Texts to times, each different text once: in long tables the tags share them."""
    distinct = raw.unique(maintain_order=True)
    if raw.len() < _FEW or distinct.len() * 2 > raw.len():
        return _from_text(raw, zone, place, guesses)
    times = _from_text(distinct, zone, lambda row: place((raw == distinct[row]).arg_max() or 0), guesses)
    known = pl.DataFrame({"text": distinct, "time": times})
    return pl.DataFrame({"text": raw}).join(
        known, on="text", how="left", nulls_equal=True, maintain_order="left"
    )["time"]


def _from_text(raw: pl.Series, zone: str, place: Where, guesses: TimeGuesses) -> pl.Series:
    """UTC times if the texts have offsets or zones or are Unix times, else naive ones."""
    text = raw.str.strip_chars().replace("", None)
    if text.null_count() == text.len():
        return pl.Series(raw.name, [None] * raw.len(), dtype=TIME)
    if text.str.contains(r"^\d+(\.\d+)?([eE]\+?\d+)?$").all() and not text.str.contains(_COMPACT).all():
        return _from_numbers(text.cast(pl.Float64, strict=False), place, guesses)
    text = text.str.replace(r"^(\d{4}-?\d\d-?\d\d)[Tt](\d)", "$1 $2").str.replace(r"(:\d\d),(\d+)", "$1.$2")
    first = text.drop_nulls()[0]
    for pattern, plain in _FORMS:
        if re.search(pattern, first):
            text = text.str.replace(pattern, plain)
    text = text.str.replace(r"\[[A-Za-z_/+-]+\]$", "").str.replace_all("[\u2212\u2013]", "-")
    zoned = text.str.contains(_ZONE_WORD) & ~text.str.contains(r"(?i)\d\s*(?:[ap]m|utc|gmt)$")
    offset = text.str.contains(r":\d.*" + _OFFSET.removeprefix("(?i)").replace("UTC|GMT", "(?i:UTC|GMT)"))
    offset |= text.str.contains(r"(?i)\d\s*(Z|UTC|GMT)$")
    told = zoned | offset
    if not told.any():
        return _naive(text, place, guesses)
    if not told.all():
        odd = (told == (not told.drop_nulls()[0])).arg_max()
        assert odd is not None
        raise Refusal(
            "mixed_time_zones",
            f"{quote(text[odd])} {'has' if told[odd] else 'has no'} UTC offset, the rows above differ",
            place=place(odd),
            expected="an offset in every row, or in none",
        )
    words = text.filter(zoned).str.extract(_ZONE_WORD).unique()
    if (
        zoned.all()
        and words.len() == 1
        and (region := find_zone(words[0], zone, place(0))).utcoffset(None) is None
    ):
        return _localised(_naive(text.str.replace(_TRAILING_ZONE, ""), place, guesses), region, place, None)
    text, shift = _shifted(text, zoned, zone, place)
    naive = _naive(text, place, guesses)
    return (naive - shift).dt.replace_time_zone("UTC").cast(TIME)


def _shifted(text: pl.Series, zoned: pl.Series, zone: str, place: Where) -> tuple[pl.Series, pl.Series]:
    """Texts without their offsets or zones, and how far each is ahead of UTC."""
    parts = text.str.extract_groups(_OFFSET).struct.unnest()
    sign = (parts["2"] == "-").fill_null(False).cast(pl.Int64) * -2 + 1
    minutes = sign * (parts["3"].cast(pl.Int64).fill_null(0) * 60 + parts["4"].cast(pl.Int64).fill_null(0))
    bare = text.str.replace(_OFFSET, "")
    if zoned.any():
        words = text.str.extract(_ZONE_WORD)
        ahead: dict[str, int] = {}
        for word in words.drop_nulls().unique():
            row = (words == word).fill_null(False).arg_max() or 0
            offset = find_zone(word, zone, place(row)).utcoffset(None)
            if offset is None:
                raise Refusal(
                    "unclear_zone",
                    f"{quote(word)} has different offsets in a year",
                    place=place(row),
                    expected="a UTC offset such as +02:00 in each row, or the zone in the column's header",
                )
            ahead[word] = int(offset.total_seconds() // 60)
        known = words.replace_strict(ahead, default=None, return_dtype=pl.Int64)
        minutes = pl.select(pl.when(zoned).then(known).otherwise(minutes)).to_series()
        bare = pl.select(
            pl.when(zoned).then(text.str.replace(_TRAILING_ZONE, "")).otherwise(bare)
        ).to_series()
    return bare, pl.select(pl.duration(minutes=pl.lit(minutes))).to_series()


def _naive(text: pl.Series, place: Where, guesses: TimeGuesses) -> pl.Series:
    if re.search(r"[^\W\d_]{2}|[年月时時点點년월시]|[ap]\.", text.drop_nulls()[0], re.IGNORECASE):
        text = in_english(text, place)
        text = text.str.replace(r"^(\d{1,2})\. ", "$1 ").str.replace(r"^(\d{1,2} \p{L}{3}),", "$1")
    midnight = text.str.contains(_MIDNIGHT)
    if midnight.any():
        times = _read_naive(text.str.replace(_MIDNIGHT, "${1}00:00$2"), place, guesses)
        return (
            times + pl.select(pl.duration(days=pl.lit(midnight.fill_null(False).cast(pl.Int64)))).to_series()
        )
    return _read_naive(text, place, guesses)


def _read_naive(text: pl.Series, place: Where, guesses: TimeGuesses) -> pl.Series:
    first = text.drop_nulls()[0]
    formats = next((f for pattern, f in _DATES if re.match(pattern, first)), None)
    if formats is None:
        raise _no_time(text, text.is_not_null(), place)
    tried = [(style, _with_clock(text, style)) for style in formats]
    whole = [(style, times) for style, times in tried if times.null_count() == text.null_count()]
    if not whole:
        best = min((times for _, times in tried), key=pl.Series.null_count)
        raise _no_time(text, text.is_not_null() & best.is_null(), place)
    if len(whole) == 2 and not whole[0][1].equals(whole[1][1]):
        return _day_or_month_first(whole, place, text, guesses)
    return whole[0][1]


def _with_clock(text: pl.Series, style: str) -> pl.Series:
    text = text.str.replace(r"^(\p{L}{3} \d{1,2}),", "$1") if style.startswith("%b") else text
    times = pl.Series([None] * text.len(), dtype=pl.Datetime("us"))
    todo = text.is_not_null().arg_true()
    for clock in _CLOCKS:
        if todo.is_empty():
            break
        rest = text.gather(todo)
        if clock or "%H" in style:
            found = rest.str.to_datetime(style + clock, strict=False, time_unit="us")
        else:
            found = rest.str.to_date(style, strict=False).cast(pl.Datetime("us"))
        times = found if todo.len() == text.len() else times.scatter(todo, found)
        todo = todo.filter(found.is_null())
    return times


def _day_or_month_first(
    whole: list[tuple[str, pl.Series]], place: Where, text: pl.Series, guesses: TimeGuesses
) -> pl.Series:
    """Both orders are possible: take the only one in which the file runs through time in steps of a day or less."""
    smooth = []
    for style, times in whole:
        steps = times.drop_nulls().diff().drop_nulls().dt.total_seconds()
        if steps.len() and (steps.abs() <= 86_400).all():
            smooth.append((style, times))
    if len(smooth) == 1:
        guesses.first = "day" if smooth[0][0].startswith("%d") else "month"
        return smooth[0][1]
    odd = (whole[0][1] != whole[1][1]).fill_null(False).arg_max() or 0
    raise Refusal(
        "unclear_date",
        f"{quote(text[odd])} may be day first or month first, and the other rows don't tell",
        place=place(odd),
        expected="dates such as 2015-01-31",
    )


def _no_time(text: pl.Series, wrong: pl.Series, place: Where) -> Refusal:
    return _refused(
        "no_time",
        wrong,
        place,
        lambda index: f"{quote(text[index])} is no time in the form of the other rows",
        expected="times such as 2015-01-31 08:00:00 or 2015-01-31T08:00:00+01:00, all in one form",
    )


def _from_numbers(raw: pl.Series, place: Where, guesses: TimeGuesses) -> pl.Series:
    """Excel days (local), Unix time in seconds, milli-, micro- or nanoseconds, or ticks of Windows (UTC)."""
    known = raw.drop_nulls()
    size = float(known.abs().median() or 0) if known.len() else 0.0  # pyright: ignore[reportArgumentType]
    for low, high, name, begin in _TICKS:
        if low <= size < high:
            guesses.ticks = name
            micros = (raw / 10).round().clip(0, 2.5e17).cast(pl.Int64) - begin
            return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    for low, high, factor in ((1e8, 1e10, 1e6), (1e11, 1e13, 1e3), (1e14, 1e16, 1.0), (1e17, 1e19, 1e-3)):
        if low <= size < high:
            micros = (raw * factor).round().clip(-6e16, 2.5e17)
            return micros.cast(pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if 29_221 <= size < 80_000:
        millis = (raw.clip(-700_000, 2_900_000) * 86_400_000).round() - 25_569 * 86_400_000
        return (millis * 1000).cast(pl.Int64).cast(pl.Datetime("us"))
    wrong = raw.is_not_null()
    raise _no_time(raw.cast(pl.String), wrong, place)


def _localised(naive: pl.Series, means: tzinfo, place: Where, series: pl.Series | None) -> pl.Series:
    """Naive local times to UTC, by the rules at the top of this module."""
    if (fixed := means.utcoffset(None)) is not None:
        return (naive - fixed).dt.replace_time_zone("UTC").cast(TIME)
    zone = str(means)
    first = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    skipped = naive.is_not_null() & first.is_null()
    if skipped.any():
        raise _refused(
            "skipped_hour",
            skipped,
            place,
            lambda index: f"{naive[index]} does not exist in {zone}: clocks go forward over it",
            expected="local times of that zone, UTC offsets in the text, or another time zone in the profile",
        )
    first = first.dt.convert_time_zone("UTC")
    second = naive.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null").dt.convert_time_zone(
        "UTC"
    )
    if first.equals(second):
        return first
    frame = pl.DataFrame(
        {"local": naive, "first": first, "second": second, "series": 0 if series is None else series}
    ).with_row_index()
    twice = frame.filter(pl.col("first") != pl.col("second"))
    steps = frame.group_by("series").agg(down=(pl.col("local").diff() < timedelta(0)).mean() > 0.5)
    twice = twice.join(steps, on="series", how="left").sort(
        "series",
        pl.when("down").then(-pl.col("index").cast(pl.Int64)).otherwise(pl.col("index").cast(pl.Int64)),
    )
    before = pl.col("local").cum_max().shift(1).over("series", pl.col("local").dt.date())
    again = twice.filter(pl.col("local") <= before)
    return first.scatter(again["index"], again["second"])


def _check_span(times: pl.Series, place: Where, now: datetime) -> None:
    early, late = times < EARLIEST, times > now + AHEAD
    if early.any():
        why = "before 1980: a clock that was never set, or an empty time"
        raise _refused(
            "date_too_early",
            early,
            place,
            lambda index: f"{times[index]:%Y-%m-%d %H:%M} is {why}",
            expected="times since 1980",
        )
    if late.any():
        why = f"in the future (now {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"
        raise _refused(
            "date_in_future",
            late,
            place,
            lambda index: f"{times[index]:%Y-%m-%d %H:%M} UTC is {why}",
            expected="times up to now; check day and month, and the time zone in the profile",
        )


def _refused(
    code: str, wrong: pl.Series, place: Where, what: Callable[[int], str], *, expected: str
) -> Refusal:
    """The refusal of the first row that is wrong."""
    index = wrong.arg_max() or 0
    return Refusal(code, what(index), place=place(index), expected=expected)
