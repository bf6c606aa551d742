"""Small exports of many kinds: hourly values of two tags as historians, loggers and stores write them."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

FIRST = datetime(2025, 3, 3, 6)
ROWS = 24
Cell = Callable[[int], str]


def stamp(row: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (FIRST + timedelta(hours=row)).strftime(form)


def flow(row: int) -> str:
    return f"{50 + 10 * math.sin(row / 5):.2f}"


def pressure(row: int) -> str:
    return f"{60 + 10 * math.cos(row / 5):.2f}"


def wide(
    header: str, *cells: Cell, time: Cell = stamp, delimiter: str = ",", above: str = "", below: str = ""
) -> str:
    """A row an hour: the time, then the cells."""
    rows = (delimiter.join([time(row), *(cell(row) for cell in cells)]) for row in range(ROWS))
    return above + "\n".join([header, *rows, ""]) + below


def long(header: str, row: str, *, above: str = "", below: str = "", tags: str = "FT101 PT102") -> str:
    """A row a value: `{tag}`, `{time}`, `{value}` and `{n}` in a row are what they say."""
    values = dict(zip(tags.split(), (flow, pressure), strict=False))
    rows = (
        row.format(tag=tag, time=stamp(n), iso=stamp(n, "%Y-%m-%dT%H:%M:%SZ"), value=value(n), n=n)
        for n in range(ROWS)
        for tag, value in values.items()
    )
    return above + "\n".join([header, *rows, ""]) + below


def once(odd: str, usual: Cell, at: int = 5) -> Cell:
    """A cell that is odd in one row."""
    return lambda row: odd if row == at else usual(row)
