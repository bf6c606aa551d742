"""Window means and slopes without running totals.

A running total (add the newest, take away the oldest) keeps the rounding error of every value that has
passed: after a spike of 1e9, means near 1e3 are off for ever, and a window no longer equals the full
history. Here a window is put together from windows of half its length, so that a value depends only on
the rows of its own window, in log2(steps) passes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from plant_assets.features.spec import FeatureSpec

Number = pl.Expr | float


@dataclass(frozen=True, slots=True)
class _Part:
    """Sums over the newest `span` rows of a column; ages count rows back from the newest.

    Where no value is missing, everything that depends on ages alone is a plain number.
    """

    span: int
    count: Number
    total: pl.Expr
    ages: Number
    squared_ages: Number
    product: Number
    """Sum of (age - mean age)(value - mean value)."""

    @property
    def columns(self) -> dict[str, pl.Expr]:
        fields = {"count": self.count, "total": self.total, "ages": self.ages}
        fields |= {"squared_ages": self.squared_ages, "product": self.product}
        return {name: field for name, field in fields.items() if isinstance(field, pl.Expr)}

    def as_columns(self, prefix: str) -> "_Part":
        """The same part, read back from the columns that it was stored in."""
        return replace(self, **{name: pl.col(f"{prefix}.{name}") for name in self.columns})

    def older_by(self, rows: int) -> "_Part":
        """The part that lies `rows` further back."""
        count, ages = _shift(self.count, rows), _shift(self.ages, rows)
        squared = _shift(self.squared_ages, rows) + 2.0 * rows * ages + float(rows) ** 2 * count
        return _Part(
            self.span, count, self.total.shift(rows, fill_value=0.0), ages + float(rows) * count, squared,
            _shift(self.product, rows),
        )  # fmt: skip

    def join(self, older: "_Part", *, slope: bool) -> "_Part":
        """Both parts as one (Chan, Golub and LeVeque 1979, for the sum of products)."""
        count, total = self.count + older.count, self.total + older.total
        if not slope:
            return _Part(self.span + older.span, count, total, 0.0, 0.0, 0.0)
        both = _at_least_one(self.count) * _at_least_one(older.count)
        gap = (older.ages * self.count - self.ages * older.count) * (
            (older.total * self.count - self.total * older.count) / both
        )
        product = self.product + older.product + gap / _at_least_one(count)
        return _Part(
            self.span + older.span, count, total, self.ages + older.ages,
            self.squared_ages + older.squared_ages, product,
        )  # fmt: skip


class WindowSums:
    """Means and slopes of several columns over several windows, sharing all halves.

    Args:
        specs: those of kinds mean, exceedance and slope_to_limit are served, others ignored.
        complete: sources without a missing value, look-back included.
    """

    def __init__(self, specs: Iterable[FeatureSpec], complete: set[str]) -> None:
        self._specs = [s for s in specs if s.kind in ("mean", "exceedance", "slope_to_limit")]
        self._complete = complete
        self._parts: dict[tuple[str, int], _Part] = {}

    def add_to(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add the columns that `mean` and `slope` read; they start with a dot."""
        inputs = {_key(s): _input(s) for s in self._specs}
        sloped = {_key(s) for s in self._specs if s.kind == "slope_to_limit"}
        frame = frame.with_columns(
            expression for key, x in inputs.items() for expression in self._store(key, self._first(key, x))
        )
        needed = {(_key(s), span) for s in self._specs for span in _spans(s.steps)}
        for span in sorted({span for _, span in needed}):
            newer = _newer(span)
            stage: list[pl.Expr] = []
            for key in sorted(k for k, s in needed if s == span):
                older = self._parts[key, span - newer].older_by(newer)
                part = self._parts[key, newer].join(older, slope=key in sloped)
                stage.extend(self._store(key, part))
            frame = frame.with_columns(stage)
        return frame

    def mean(self, spec: FeatureSpec) -> pl.Expr:
        part = self._parts[_key(spec), spec.steps]
        return _enough(part.total / part.count, part, spec)

    def slope(self, spec: FeatureSpec) -> pl.Expr:
        """Least-squares slope a row, in the source's unit; ages run against time, hence the sign."""
        part = self._parts[_key(spec), spec.steps]
        product = part.product if isinstance(part.product, pl.Expr) else pl.lit(part.product)
        spread = part.squared_ages - part.ages * part.ages / part.count
        return _enough(-(product / spread), part, spec)

    def _first(self, key: str, x: pl.Expr) -> _Part:
        source = key.split(".")[1]
        count = 1.0 if source in self._complete else x.is_not_null().cast(pl.Float64)
        return _Part(1, count, x.fill_null(0.0), 0.0, 0.0, 0.0)

    def _store(self, key: str, part: _Part) -> Iterator[pl.Expr]:
        prefix = f"{key}.{part.span}"
        self._parts[key, part.span] = part.as_columns(prefix)
        return (field.alias(f"{prefix}.{name}") for name, field in part.columns.items())


def _key(spec: FeatureSpec) -> str:
    limits = f"{spec.low}|{spec.high}".replace(".", ",") if spec.kind == "exceedance" else ""
    return f".{spec.source}.{limits}"


def _input(spec: FeatureSpec) -> pl.Expr:
    x = pl.col(spec.source)
    if spec.kind != "exceedance":
        return x
    above = x - spec.high if spec.high is not None else pl.lit(0.0)
    below = spec.low - x if spec.low is not None else pl.lit(0.0)
    return pl.when(x.is_not_null()).then(pl.max_horizontal(above, below, pl.lit(0.0)))


def _newer(span: int) -> int:
    """Rows of the newer part: the largest power of two below `span`."""
    return 1 << ((span - 1).bit_length() - 1)


def _spans(span: int) -> Sequence[int]:
    """Every window, longer than one row, that `span` is put together from."""
    if span == 1:
        return ()
    newer = _newer(span)
    return (span, *_spans(newer), *_spans(span - newer))


def _shift(field: Number, rows: int) -> Number:
    return field.shift(rows, fill_value=0.0) if isinstance(field, pl.Expr) else field


def _at_least_one(count: Number) -> Number:
    return pl.max_horizontal(count, pl.lit(1.0)) if isinstance(count, pl.Expr) else count


def _enough(value: pl.Expr, part: _Part, spec: FeatureSpec) -> pl.Expr:
    return pl.when(part.count >= spec.min_valid).then(value) if isinstance(part.count, pl.Expr) else value
