"""Numbers that stand for no value, such as -9999: told by how they behave, not by a list.

A code is the lowest or highest of a tag's values, far from all others, and no reading of theirs grown large: it is written
in repeated digits or at the end of a number type, or is many times as large as any other and comes again and again.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

_MOST = 3
"""Codes at each end of a tag's values."""
_FAR = 3
"""Spans of the other values between them and a code."""
_TIMES, _TIMES_BELOW_ZERO = 30, 5
_SAMPLE = 200
_LEAST = 1000
"""Smaller ones may be ends of what an instrument reads: 100 %, 20 mA."""
_FEWEST = 5
"""Different other values that tell what a tag's readings are like."""
_DIGITS = re.compile(r"-?([5-9])\1{2,}(\.(\1+|0+|25|5))?|-\d?9{2,}(\.\d{1,2})?|-(9{2}|8{2}|7{2})(\.\d)?")
_TYPE_ENDS = frozenset({32767.0, 32768.0, 65535.0, 2147483647.0, 2147483648.0, 4294967295.0, 16777215.0})


@dataclass(frozen=True, slots=True)
class FoundCode:
    """A number that stands for no value, and how many records of the tag hold it."""

    tag: str
    value: float
    count: int

    def __str__(self) -> str:
        return f"{self.value:.10g} ({self.count} of {self.tag})"


def drop_codes(
    records: pl.DataFrame, real: Mapping[str, Collection[float]], told: Sequence[float] | None = None
) -> tuple[pl.DataFrame, list[FoundCode]]:
    """Records without those whose value is a code.

    Args:
        records: of any tags; `tag` and finite `value`.
        real: values of a tag that are readings whatever they look like, such as the ends of its instrument.
        told: the plant's codes, if a person names them; None finds them.
    """
    found = _told(records, told) if told is not None else _found(records, real)
    if not found:
        return records, []
    pairs = pl.DataFrame(
        [(code.tag, code.value) for code in found],
        schema={"tag": pl.String, "value": pl.Float64},
        orient="row",
    )
    pairs = pairs.cast({"tag": records.schema["tag"]})
    return records.join(pairs, on=["tag", "value"], how="anti", maintain_order="left"), found


def _told(records: pl.DataFrame, told: Sequence[float]) -> list[FoundCode]:
    counts = (
        records.filter(pl.col("value").is_in(list(told))).group_by("tag", "value", maintain_order=True).len()
    )
    return [FoundCode(*row) for row in counts.iter_rows()]


def _found(records: pl.DataFrame, real: Mapping[str, Collection[float]]) -> list[FoundCode]:
    suspicious = _suspicious(records)
    if not suspicious:
        return []
    some = records.filter(pl.col("tag").is_in(suspicious))
    different = some.group_by("tag", maintain_order=True).agg(pl.col("value").unique())
    ends = different.select(
        "tag",
        pl.col("value").list.len().alias("count"),
        pl.col("value").list.sort().list.head(_MOST + 1).alias("lowest"),
        pl.col("value").list.sort().list.tail(_MOST + 1).alias("highest"),
    )
    found = []
    for tag, count, lowest, highest in ends.iter_rows():
        values = [value for value in _suspects(lowest, highest) if value not in real.get(tag, ())]
        if values and count - len(values) >= _FEWEST:
            counts = records.filter((pl.col("tag") == tag) & pl.col("value").is_in(values))[
                "value"
            ].value_counts()
            codes = [FoundCode(tag, *row) for row in counts.sort("value").iter_rows()]
            found += _codes(codes, lowest, highest)
    return found


def _suspicious(records: pl.DataFrame) -> list[str]:
    """Tags that may have codes: others than the outermost values of a sample lie close together between their ends."""
    value = pl.col("value")
    ends = records.group_by("tag", maintain_order=True).agg(
        value.min().alias("low"), value.max().alias("high")
    )
    sample = records.gather_every(max(records.height // (_SAMPLE * max(ends.height, 1)), 1))
    inner = sample.group_by("tag").agg(value.unique().sort().alias("values"))
    spans = ends.join(inner, on="tag", how="left", maintain_order="left")
    found = []
    for tag, low, high, values in spans.iter_rows():
        core = (values or [])[_MOST:-_MOST]
        if len(core) < 2 or (high - low) > (_FAR + 1) * (core[-1] - core[0]):
            found.append(tag)
    return found


def _suspects(lowest: Sequence[float], highest: Sequence[float]) -> list[float]:
    """Values at both ends that are far from the one that follows, or written as codes are."""
    return [v for v in {*lowest[:_MOST], *highest[-_MOST:]} if v != 0 and _is_far(v, lowest, highest)]


def _is_far(value: float, lowest: Sequence[float], highest: Sequence[float]) -> bool:
    """Whether a value would be far from the rest if all values further out, and those like it, were codes."""
    return any(
        _gap(value, low, high) > _FAR * max(high - low, 0.01 * max(abs(low), abs(high)))
        for low in lowest
        for high in highest
        if low < high
    )


def _gap(value: float, low: float, high: float) -> float:
    return max(low - value, value - high, 0.0)


def _codes(
    suspects: Sequence[FoundCode], lowest: Sequence[float], highest: Sequence[float]
) -> list[FoundCode]:
    """As many of the suspects as are codes beside the values that they leave."""
    for size in range(len(suspects), 0, -1):
        for codes in combinations(suspects, size):
            values = {code.value for code in codes}
            low = next((v for v in lowest if v not in values), None)
            high = next((v for v in reversed(highest) if v not in values), None)
            if low is not None and high is not None and all(_is_code(code, low, high) for code in codes):
                return list(codes)
    return []


def _is_code(code: FoundCode, low: float, high: float) -> bool:
    """Whether a number is a code beside readings from one value to another."""
    largest = max(abs(low), abs(high))
    if _gap(code.value, low, high) <= _FAR * max(high - low, 0.01 * largest):
        return False
    if _DIGITS.fullmatch(f"{code.value:.10g}") or abs(code.value) in _TYPE_ENDS:
        return True
    opposite = code.value < 0 <= low and abs(code.value) >= _TIMES_BELOW_ZERO * largest
    large = abs(code.value) >= max(_TIMES * largest, _LEAST)
    return code.count > 1 and (opposite or large)
