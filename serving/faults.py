"""What a client is told of a request that can't be used: where, what is wrong, what would be right.

Belongs here: the three members of a fault, and their words for Pydantic's errors. Doesn't belong here: the
answer that carries them (`errors.py`).
"""

import re
from collections.abc import Collection, Sequence

from pydantic import GetCoreSchemaHandler, JsonValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

MOST_FAULTS = 20
LONGEST_PART = 100
LONGEST_VALUE = 40
LARGEST_SHOWN = 1e40

_PYDANTIC_LEAD = "Input should be "
_PLAIN = {
    "missing": ("absent", "a value, as the field is required"),
    "timezone_aware": ("a time without an offset", "ISO 8601 with one, as 2024-01-01T00:00Z"),
}
_JSON_WORDS = {
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "list_type": "a valid array",
    "tuple_type": "a valid array",
}
"""Pydantic names Python's types where it doesn't parse the JSON by itself."""
_SIZE = re.compile(
    r"\w+ should have (?P<expected>at (?:least|most) \d+ \w+)(?: after validation)?(?:, not \w+)?"
)


class ExpectedInput:
    """Annotates a type whose own faults a person couldn't read, as a union's; `words` say what is expected."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source),
            "expected",
            custom_error_message="expected {expected}",
            custom_error_context={"expected": self._words},
        )


def expectation_error(wrong: str, expected: str) -> PydanticCustomError:
    """For validators: what is wrong with a whole, and what was expected."""
    return PydanticCustomError("unexpected", "{wrong}", {"wrong": wrong, "expected": expected})


def fault(field: str, message: str, expected: str) -> dict[str, JsonValue]:
    return {"field": field, "message": message, "expected": expected}


def faults_of(errors: Sequence[ErrorDetails], fields: Collection[str] = ()) -> list[dict[str, JsonValue]]:
    """The first of Pydantic's errors in a client's words.

    Args:
        errors: with input and context.
        fields: what the request may hold, for a field that it may not.
    """
    return [
        fault(".".join(str(part)[:LONGEST_PART] for part in error["loc"]) or "body", *_words(error, fields))
        for error in errors[:MOST_FAULTS]
    ]


def describe_value(value: object) -> str:
    """What stands in place of the expected, cut to a length that can be shown."""
    if value is None or isinstance(value, bool):
        return f"got {({None: 'null', True: 'true', False: 'false'})[value]}"
    if isinstance(value, str):
        return f"got {value[:LONGEST_VALUE]!r}"
    if isinstance(value, int | float):
        return "got a number beyond 1e40" if abs(value) >= LARGEST_SHOWN else f"got {value}"
    return "got an object" if isinstance(value, dict) else "got an array"


def _words(error: ErrorDetails, fields: Collection[str]) -> tuple[str, str]:
    """What is wrong and what was expected."""
    context, text, value = error.get("ctx", {}), error["msg"], error["input"]
    if plain := _PLAIN.get(error["type"]):
        return plain
    if error["type"] == "extra_forbidden":
        return "unknown field", f"one of {', '.join(fields)}" if fields else "only fields that /docs lists"
    if expected := context.get("expected") or _JSON_WORDS.get(error["type"]):
        return context.get("wrong", describe_value(value)), expected
    if size := _SIZE.fullmatch(text):
        return f"got {len(value)}", size["expected"]
    if text.startswith(_PYDANTIC_LEAD):
        return describe_value(value), text.removeprefix(_PYDANTIC_LEAD).split(",")[0]
    return text.removeprefix("Value error, "), "what /docs describes"
