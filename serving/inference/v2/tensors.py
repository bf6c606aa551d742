"""Tensors on the wire: lists of numbers in JSON, or little-endian bytes behind it.

Belongs here: from either to float64 and back, and what can't be such a tensor. Doesn't belong here: which
tensors a model takes (`inputs.py`).
"""

from itertools import chain
from math import prod
from types import NoneType

import numpy as np

from plant_assets.features.arrays import Floats
from serving.faults import describe_value
from serving.inference.rows.reading import LARGEST
from serving.inference.v2.errors import BadRequest
from serving.inference.v2.schemas import InputTensor

_DTYPES = {"FP64": np.dtype("<f8"), "FP32": np.dtype("<f4")}
_NUMBERS = {float, int, NoneType}


def from_json(tensor: InputTensor, place: str) -> Floats:
    """The values of `data`, flat or a list a row, in the tensor's shape; NaN where null.

    Raises:
        BadRequest: another count than the shape says, or something other than numbers.
    """
    data = tensor.data or []
    if data and type(data[0]) is list:
        data = _flat(data, tensor.shape, place)
    if len(data) != prod(tensor.shape):
        raise BadRequest(
            f"{place}.data: got {len(data)} values; expected {prod(tensor.shape)}, as shape is {tensor.shape}"
        )
    if not _NUMBERS.issuperset(map(type, data)):
        at = next(i for i, value in enumerate(data) if type(value) not in _NUMBERS)
        raise BadRequest(f"{place}.data: value {at}: {describe_value(data[at])}; expected a number or null")
    values = np.array(data, dtype=np.float64)
    if tensor.datatype == "FP32":
        with np.errstate(over="ignore"):  # it becomes infinite, and is refused as such
            values = values.astype(np.float32).astype(np.float64)
    return _check_range(values.reshape(tensor.shape), place)


def from_bytes(tensor: InputTensor, content: memoryview, place: str) -> Floats:
    """The values of a tensor's bytes, in its shape; NaN stays.

    Raises:
        BadRequest: another length than the shape says, or a number beyond what can be used.
    """
    dtype = _DTYPES[tensor.datatype]
    wanted = prod(tensor.shape) * dtype.itemsize
    if len(content) != wanted:
        raise BadRequest(
            f"{place}.parameters.binary_data_size: got {len(content)}; expected {wanted} bytes, "
            f"as it is {tensor.datatype} of shape {tensor.shape}"
        )
    return _check_range(np.frombuffer(content, dtype).astype(np.float64).reshape(tensor.shape), place)


def to_bytes(values: np.ndarray) -> bytes:
    """FP64, or BOOL of one byte a value."""
    return values.astype("?" if values.dtype == np.bool_ else "<f8").tobytes()


def _flat(rows: list, shape: list[int], place: str) -> list:
    """A list a row, as one list."""
    if len(shape) != 2 or len(rows) != shape[0]:
        raise BadRequest(
            f"{place}.data: got {len(rows)} lists; expected {prod(shape)} numbers, as shape is {shape}"
        )
    for number, row in enumerate(rows):
        if type(row) is not list or len(row) != shape[1]:
            size = f"{len(row)} values" if type(row) is list else describe_value(row).removeprefix("got ")
            raise BadRequest(f"{place}.data: row {number}: got {size}; expected a list of {shape[1]}")
    return list(chain.from_iterable(rows))


def _check_range(values: Floats, place: str) -> Floats:
    """Refuse infinity, and numbers that are a mistake; NaN is a gap."""
    wrong = np.abs(values) > LARGEST
    if wrong.any():
        index = [int(i) for i in np.argwhere(wrong)[0]]
        raise BadRequest(
            f"{place}: value at {index} is infinite or beyond 1e100; expected a smaller number, or NaN for a missing value"
        )
    return values
