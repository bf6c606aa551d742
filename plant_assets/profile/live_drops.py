"""Names of the files that a live plant's records are dropped in, by which the pipeline knows them."""

import re
from datetime import UTC, datetime, timedelta

_TIME = "%Y%m%dT%H%MZ"
_NAME = re.compile(r"live-(\d{8}T\d{4}Z)-(\d{8}T\d{4}Z)\.parquet")


def live_drop_name(begin: datetime, end: datetime) -> str:
    """Name of the file that holds a live plant's records of [begin, end), to the minute."""
    return f"live-{begin.astimezone(UTC):{_TIME}}-{end.astimezone(UTC):{_TIME}}.parquet"


def live_drop_span(name: str) -> timedelta | None:
    """How much plant time a file of live records holds; None for any other file."""
    if (found := _NAME.fullmatch(name)) is None:
        return None
    try:
        begin, end = (datetime.strptime(text, _TIME).replace(tzinfo=UTC) for text in found.groups())
    except ValueError:
        return None
    return end - begin if begin < end else None
