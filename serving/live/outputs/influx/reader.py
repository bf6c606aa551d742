"""Reads a range of a measurement back from a time-series store.

Belongs here: each store's query and its answer, as one value a field and time. Doesn't belong here: what is done with
them (`read_back.py`, `forewarn stream export`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx
import orjson

from serving.live.outputs.consumer import DeliveryError
from serving.live.outputs.influx.annotated_csv import RowFault, StoredValue, read_annotated
from serving.live.outputs.influx.client import StoreClient

_VICTORIA_LABELS = frozenset({"__name__", "db"})


@dataclass(frozen=True, slots=True)
class PointSelection:
    """What is read.

    Attributes:
        measurement: of the points.
        start_us, end_us: microseconds since 1970; the end isn't part of it.
        tags: values that points must have.
    """

    measurement: str
    start_us: int
    end_us: int
    tags: Mapping[str, str] = field(default_factory=dict)


async def read_values(client: StoreClient, selection: PointSelection) -> list[StoredValue | RowFault]:
    """All values of a selection, in no order.

    Raises:
        DeliveryError: the store doesn't respond, or its answer isn't understood.
    """
    kind = client.address.kind
    if kind == "victoria":
        answer = await _ask_victoria(client, selection)
        parse = _parse_victoria
    elif kind == "influx2":
        answer = await _ask_flux(client, selection)
        parse = _parse_flux
    else:
        answer = await _ask_influxql(client, selection)
        parse = _parse_influxql
    try:
        return list(parse(answer, selection))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        shown = client.address.public_text
        raise DeliveryError(
            f"{shown}: an answer that isn't understood: {type(error).__name__}: {error}"
        ) from None


async def _ask_victoria(client: StoreClient, selection: PointSelection) -> httpx.Response:
    matches = ",".join(f"{name}={json.dumps(value)}" for name, value in selection.tags.items())
    pattern = json.dumps(f"{_regex(selection.measurement)}_.+")
    params = {
        "match[]": f"{{__name__=~{pattern}{',' if matches else ''}{matches}}}",
        "start": _seconds(selection.start_us),
        "end": _seconds(selection.end_us + 1000),  # it needs a range that isn't one moment
    }
    return await client.ask("GET", "/api/v1/export", params=params)


def _regex(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else f"[{c}]" if c not in "\\]^" else f"\\{c}" for c in name)


def _seconds(time_us: int) -> str:
    """In milliseconds' steps, as the store counts."""
    return f"{time_us // 1000 / 1000:.3f}"


def _parse_victoria(answer: httpx.Response, selection: PointSelection) -> Iterator[StoredValue]:
    for line in answer.text.splitlines():
        series = orjson.loads(line)
        metric: dict[str, str] = series["metric"]
        name = metric["__name__"].removeprefix(f"{selection.measurement}_")
        tags = {label: value for label, value in metric.items() if label not in _VICTORIA_LABELS}
        for time_ms, value in zip(series["timestamps"], series["values"], strict=True):
            if not selection.start_us <= time_ms * 1000 < selection.end_us:
                continue
            yield StoredValue(
                selection.measurement, tags, name, value, time_ms * 1000, f"{metric} at {time_ms}"
            )


async def _ask_influxql(client: StoreClient, selection: PointSelection) -> httpx.Response:
    where = "".join(f" AND {_identifier(k)} = {_literal(v)}" for k, v in selection.tags.items())
    query = (
        f"SELECT * FROM {_identifier(selection.measurement)} WHERE time >= {selection.start_us * 1000} "
        f"AND time < {selection.end_us * 1000}{where} GROUP BY *"
    )
    return await client.ask(
        "GET", "/query", params={"db": client.address.database, "epoch": "ns", "q": query}
    )


def _identifier(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _parse_influxql(answer: httpx.Response, _: PointSelection) -> Iterator[StoredValue]:
    for result in orjson.loads(answer.content)["results"]:
        if "error" in result:
            raise ValueError(result["error"])
        for series in result.get("series", ()):
            tags = {name: value for name, value in series.get("tags", {}).items() if value}
            names = series["columns"][1:]
            for time_ns, *values in series["values"]:
                for name, value in zip(names, values, strict=True):
                    if value is not None:
                        place = f"{tags} at {time_ns}"
                        yield StoredValue(series["name"], tags, name, _number(value), time_ns // 1000, place)


def _number(value: object) -> float | None:
    """A field's number; a text is none."""
    return float(value) if isinstance(value, int | float) else None


async def _ask_flux(client: StoreClient, selection: PointSelection) -> httpx.Response:
    wanted = {"_measurement": selection.measurement, **selection.tags}
    condition = " and ".join(f"r[{_flux_text(k)}] == {_flux_text(v)}" for k, v in wanted.items())
    query = (
        f"from(bucket: {_flux_text(client.address.database)})\n"
        f"  |> range(start: time(v: {selection.start_us * 1000}), stop: time(v: {selection.end_us * 1000}))\n"
        f"  |> filter(fn: (r) => {condition})"
    )
    body = {
        "query": query,
        "type": "flux",
        "dialect": {"header": True, "annotations": ["datatype", "group", "default"]},
    }
    return await client.ask(
        "POST",
        "/api/v2/query",
        params={"org": client.address.organisation},
        content=orjson.dumps(body),
        headers={"Content-Type": "application/json", "Accept": "application/csv"},
    )


def _flux_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return f'"{escaped}"'


def _parse_flux(answer: httpx.Response, _: PointSelection) -> Iterator[StoredValue | RowFault]:
    yield from read_annotated(answer.text.splitlines())
