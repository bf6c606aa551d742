"""From the body of an inference request to a model's rows.

Belongs here: where the JSON ends, which tensors a model takes, how they become rows. Doesn't belong here:
a tensor's values (`tensors.py`), HTTP (`routes.py`).
"""

import difflib
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import orjson
from pydantic import BaseModel, JsonValue, ValidationError

from plant_assets.features.arrays import Floats
from serving.errors import InvalidInput
from serving.faults import faults_of
from serving.inference.v2.errors import BadRequest
from serving.inference.v2.models import ALL_FEATURES, LONGEST_NAME
from serving.inference.v2.schemas import MOST_ROWS, InferRequest, InputTensor
from serving.inference.v2.tensors import from_bytes, from_json

HEADER_LENGTH = "Inference-Header-Content-Length"
LONGEST_COUNT = 12

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ParsedInference:
    """What is asked for.

    Attributes:
        rows: (rows, features) in the model's order, NaN where missing.
    """

    request: InferRequest
    rows: Floats


def read_inference(content: bytes, header_length: str | None, names: tuple[str, ...]) -> ParsedInference:
    """The request that a body holds.

    Args:
        content: JSON, with the bytes of binary tensors behind it.
        header_length: the header that says how long the JSON is; None where all of it is.

    Raises:
        BadRequest: lengths, tensors or names don't fit; says where.
        InvalidInput: the JSON is of another shape.
    """
    end = _json_length(header_length, len(content))
    request = parse(content[:end], InferRequest)
    rows = _rows_given(request.inputs)
    binary = _BinaryTail(memoryview(content)[end:])
    given = {
        tensor.name: _values(tensor, binary, f"inputs.{i}", names) for i, tensor in enumerate(request.inputs)
    }
    if len(given) < len(request.inputs):
        raise BadRequest("inputs: a name appears twice; expected each tensor once")
    binary.check_end()
    return ParsedInference(request, _joined_rows(given, rows, names))


def parse(content: bytes, shape: type[Shape]) -> Shape:
    """A JSON document as a `shape`.

    Raises:
        BadRequest: no JSON; NaN is none.
        InvalidInput: of another shape; says which field, and what was expected.
    """
    try:
        return shape.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise BadRequest(
            f"the body is not valid JSON: {error}; expected JSON, with null for a missing value"
        ) from None
    except ValidationError as error:
        faults = faults_of(error.errors(include_url=False), shape.model_fields)
        raise InvalidInput([_without_classes(fault) for fault in faults]) from None


def _without_classes(fault: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A fault without the name of a Python class, which Pydantic gives where an object is expected."""
    is_object = str(fault["expected"]).startswith("a valid dictionary or instance")
    return fault | {"expected": "an object"} if is_object else fault


class _BinaryTail:
    """The bytes behind the JSON, taken from the front by one tensor after the other."""

    def __init__(self, content: memoryview) -> None:
        self._left = content

    def take(self, size: int, place: str) -> memoryview:
        if size > len(self._left):
            raise BadRequest(
                f"{place}.parameters.binary_data_size: got {size}; "
                f"expected at most {len(self._left)}, as no more bytes follow the JSON"
            )
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def check_end(self) -> None:
        if len(self._left):
            raise BadRequest(f"the body: {len(self._left)} bytes after the last tensor; expected none")


def _json_length(declared: str | None, total: int) -> int:
    if declared is None:
        return total
    if not (declared.isascii() and declared.isdigit() and len(declared) <= LONGEST_COUNT):
        raise BadRequest(f"{HEADER_LENGTH}: got {declared[:LONGEST_NAME]!r}; expected a count of bytes")
    if not 0 < int(declared) <= total:
        raise BadRequest(f"{HEADER_LENGTH}: got {declared}; expected 1 to {total}, the length of the body")
    return int(declared)


def _rows_given(inputs: list[InputTensor]) -> int:
    """How many rows the tensors have; all alike."""
    rows = inputs[0].shape[0]
    for i, tensor in enumerate(inputs):
        if not 1 <= tensor.shape[0] <= MOST_ROWS:
            raise BadRequest(f"inputs.{i}.shape: {tensor.shape[0]} rows; expected 1 to {MOST_ROWS}")
        if tensor.shape[0] != rows:
            raise BadRequest(f"inputs.{i}.shape: {tensor.shape[0]} rows; expected {rows}, as inputs.0 has")
    return rows


def _values(tensor: InputTensor, binary: _BinaryTail, place: str, names: tuple[str, ...]) -> Floats:
    """The values of one tensor whose name and shape the model takes."""
    _check_name(tensor.name, place, names)
    width = len(names) if tensor.name == ALL_FEATURES else 1
    if tensor.shape[1:] != [width] and not (tensor.name != ALL_FEATURES and len(tensor.shape) == 1):
        wanted = f"[rows, {width}]" if tensor.name == ALL_FEATURES else "[rows] or [rows, 1]"
        raise BadRequest(f"{place}.shape: got {tensor.shape}; expected {wanted}")
    size = tensor.parameters.binary_data_size
    if (size is None) == (tensor.data is None):
        both = "both data and" if size is not None else "neither data nor"
        raise BadRequest(f"{place}: {both} parameters.binary_data_size; expected one of the two")
    return from_json(tensor, place) if size is None else from_bytes(tensor, binary.take(size, place), place)


def _check_name(name: str, place: str, names: tuple[str, ...]) -> None:
    if name == ALL_FEATURES or name in names:
        return
    shown = name[:LONGEST_NAME]
    folded = {known.casefold(): known for known in (ALL_FEATURES, *names)}
    close = difflib.get_close_matches(shown.casefold(), folded, n=1, cutoff=0.5)
    hint = f"did you mean {folded[close[0]]}?" if close else f"expected {ALL_FEATURES} or feature names"
    raise BadRequest(f"{place}.name: the model has no input {shown!r}; {hint}")


def _joined_rows(given: dict[str, Floats], rows: int, names: tuple[str, ...]) -> Floats:
    """The rows, from the one tensor or from one a feature."""
    if ALL_FEATURES in given:
        if len(given) > 1:
            raise BadRequest(f"inputs: got {ALL_FEATURES} and single features; expected one or the other")
        return given[ALL_FEATURES]
    whole = np.full((rows, len(names)), np.nan)
    for column, name in enumerate(names):
        if name in given:
            whole[:, column] = given[name].reshape(rows)
    return whole
