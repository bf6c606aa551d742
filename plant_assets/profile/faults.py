"""What is wrong with a profile, in the words of the people who write it.

Belongs here: sentences, and the place that each is about. Doesn't belong here: lines (`load.py`), and what is checked
(`model.py`).
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.yaml_text import Place

_OWN = re.compile(r"^([a-z_]+(?:\.[a-z_]+)*): ")
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a shorter whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "fields below it, each as `name: value`",
    "model_type": "fields below it, each as `name: value`",
    "model_attributes_type": "fields below it, each as `name: value`",
    "string_too_short": "a non-empty text",
    "invalid_key": "field names as keys",
}
_PATTERNS = {
    r"^[A-Za-z][A-Za-z0-9_]{0,63}$": "letters, digits and underscores, a letter first, at most 64",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time of the day such as 22:00, in quotes",
    r"^[a-z][a-z0-9_]{0,39}$": "lower case letters, digits and underscores, a letter first, at most 40",
}
_MOST_SHOWN = 60


def faults(error: ValidationError, root: type[BaseModel] = PlantProfile) -> Iterator[tuple[Place, str]]:
    """Each fault of a document, whose model is `root`, with its place and one sentence that says what was expected."""
    for fault in error.errors():
        place = fault["loc"]
        said = _sentence(fault, place, root)
        if (own := _OWN.match(said)) and (inner := _known_place(place, own[1], root)) is not None:
            place, said = (*place, *inner), said[own.end() :]
        yield place, said


def _sentence(fault: ErrorDetails, place: Place, root: type[BaseModel]) -> str:  # noqa: PLR0911 - a kind of fault a line
    kind, context, got = fault["type"], fault.get("ctx", {}), f", got {_shorten(fault['input'])}"
    if kind == "extra_forbidden":
        return _no_such_field(place, root)
    if kind == "missing":
        return "is missing"
    if kind == "string_pattern_mismatch":
        return f"expected {_PATTERNS.get(context['pattern'], context['pattern'])}{got}"
    if kind == "literal_error":
        near = difflib.get_close_matches(
            str(fault["input"]).lower(), re.findall(r"'([^']+)'", context["expected"]), 1
        )
        return f"expected {context['expected']}{got}{f'; did you mean {near[0]}?' if near else ''}"
    if kind in ("too_long", "too_short"):
        most = context.get("max_length", context.get("min_length"))
        word = "at most" if kind == "too_long" else "at least"
        return f"expected {word} {most} in the list, got {context['actual_length']}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}{got}"
    if kind.startswith("datetime") or kind.startswith("timezone"):
        return f"expected a time with its zone, such as 2024-01-31T08:00:00Z{got}"
    said = fault["msg"].removeprefix("Value error, ")
    if kind == "value_error":
        return said
    return f"{said.replace('Input should be', 'expected', 1)}{got}"


def _no_such_field(place: Place, root: type[BaseModel]) -> str:
    known = sorted(_fields(place[:-1], root))
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
    return f"unknown field; {hint}"


def _known_place(place: Place, path: str, root: type[BaseModel]) -> Place | None:
    """The parts of a path that a check of several fields begins its sentence with; None if it is no path."""
    parts = tuple(path.split("."))
    for end, part in enumerate(parts):
        if part not in _fields((*place, *parts[:end]), root):
            return None
    return parts


def _fields(place: Place, root: type[BaseModel]) -> Mapping[str, object]:
    """The fields of the model at a place of a document; none where no model is."""
    model: object = root
    for part in place:
        if isinstance(part, int):
            continue
        found = _model_in(model)
        if found is None or part not in found.model_fields:
            return {}
        model = found.model_fields[part].annotation
    found = _model_in(model)
    return found.model_fields if found is not None else {}


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation speaks of, be it in a tuple, optional or annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Union, UnionType, Annotated):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None


def _shorten(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "fields"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) > 10**20:
        return "a huge number"
    text = repr(str(value)) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
