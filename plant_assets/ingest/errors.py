"""The one way ingest says no: a refusal that names the place and what was expected."""

from collections.abc import Iterator
from contextlib import contextmanager


class Refusal(Exception):  # noqa: N818 - the field's word; nothing failed, the input is declined
    """A drop, or a part of one, that can't be used.

    Attributes:
        code: stable snake_case word for programs, such as `text_in_number_column`.
        message: what was found, one sentence for a person.
        place: where, such as `sheet 'x', row 12, column C`, or None for the whole file.
        expected: what would have been accepted.
    """

    def __init__(self, code: str, message: str, *, expected: str, place: str | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.place = place
        self.expected = expected

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.message}; expected {self.expected}"

    def as_dict(self) -> dict[str, str | None]:
        return {
            "code": self.code,
            "message": self.message,
            "place": self.place,
            "expected": self.expected,
        }


class FileRefusal(Exception):  # noqa: N818 - as above
    """The refusal of one of several files, or of all together; the text names it, the place and what was expected."""

    def __init__(self, file: str, refusal: Refusal) -> None:
        super().__init__(f"{file}: {refusal}")
        self.file = file
        self.refusal = refusal


@contextmanager
def name_file(file: str) -> Iterator[None]:
    """Names the file in a refusal that is raised inside."""
    try:
        yield
    except Refusal as refusal:
        raise FileRefusal(file, refusal) from None


def quote(text: object, limit: int = 60) -> str:
    """Text from a file made harmless and short for a message: one line, printable, quoted."""
    clean = "".join(c if c.isprintable() else "�" for c in str(text))
    return f"'{clean[: limit - 1]}…'" if len(clean) > limit else f"'{clean}'"
