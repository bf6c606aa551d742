"""Qualities as sources name them."""

from serving.live.readings import RecordQuality

EXPECTED = "good, uncertain or bad"
_BY_START: tuple[tuple[str, RecordQuality], ...] = (
    ("good", "good"),
    ("ok", "good"),
    ("uncertain", "uncertain"),
    ("bad", "bad"),
)
"""OPC UA's status codes begin so, as `BadNoCommunication (0x80310000)`; Telegraf writes `OK (0x0)`."""


def read_quality(text: object) -> RecordQuality | None:
    """A quality of a word or a status code's name, in any case; None of anything else."""
    if not isinstance(text, str):
        return None
    word = text.strip().casefold().removeprefix("status")
    return next((quality for start, quality in _BY_START if word.startswith(start)), None)
