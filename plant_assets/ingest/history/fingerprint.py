"""Fingerprints of data and of profiles: equal tables have equal ones, on every machine and in every version of the libraries."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import polars as pl

from plant_assets.profile.model import PlantProfile


def frame_fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 (hex) over a table's column names, types, values and nulls, in the given order of rows."""
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        digest.update(f"{column.name}:{column.dtype}:{len(column)};".encode())
        digest.update(column.is_null().to_numpy().tobytes())
        _update(digest, column)
    return digest.hexdigest()


def mapping_fingerprint(parts: Mapping[str, str]) -> str:
    """SHA-256 (hex) over named fingerprints, in the order of their names."""
    return hashlib.sha256(json.dumps(dict(sorted(parts.items()))).encode()).hexdigest()


def profile_fingerprint(profile: PlantProfile) -> str:
    """SHA-256 (hex) over everything a profile says, however its YAML is laid out and whatever it leaves to defaults."""
    canonical = json.dumps(profile.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _update(digest: "hashlib._Hash", column: pl.Series) -> None:
    dtype = column.dtype
    if dtype.is_float():
        numbers = column.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0  # -0.0 becomes 0.0
        digest.update(np.where(np.isnan(numbers), np.nan, numbers).tobytes())
    elif dtype.is_nested():
        digest.update(json.dumps(column.to_list(), default=str).encode())
    elif dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        digest.update(column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().tobytes())
    else:
        _update_text(digest, column)


def _update_text(digest: "hashlib._Hash", column: pl.Series) -> None:
    """Text as its sorted distinct values, then a code a row: as quick as numbers."""
    text = column.cast(pl.String)
    values = text.drop_nulls().unique().sort()
    digest.update(json.dumps(values.to_list()).encode())
    codes = text.cast(pl.Enum(values)).to_physical().cast(pl.Int64).fill_null(-1)
    digest.update(codes.to_numpy().tobytes())
