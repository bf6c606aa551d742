"""docs/asyncapi.yaml is what the code publishes and takes, and a sound AsyncAPI document."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from serving.live.outputs.mqtt.document import asyncapi_document, document_text
from serving.live.sources.json_rows import parse_json

FILE = Path(__file__).parents[5] / "docs" / "asyncapi.yaml"

with warnings.catch_warnings():  # field names of the library's own
    warnings.simplefilter("ignore", UserWarning)
    from asyncapi3.models.asyncapi import AsyncAPI3


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == document_text(), "run python -m serving.live.outputs.mqtt.document"


def test_it_is_an_asyncapi_document_whose_references_lead_somewhere() -> None:
    document = yaml.safe_load(FILE.read_text("utf-8"))
    AsyncAPI3.model_validate(document)
    assert {channel["address"] for channel in document["channels"].values()} == {
        "forewarn/{plant}/readings",
        "forewarn/{plant}/scores",
        "forewarn/{plant}/warnings",
    }
    for reference in references(document):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    with pytest.raises(ValidationError):
        AsyncAPI3.model_validate({**document, "channels": {"scores": {"adress": "a"}}})


@pytest.mark.parametrize(
    ("payload", "is_sound"),
    [
        (b'{"timestamp": "2025-03-03T06:00:00Z", "values": {"FT101": 50.0, "TT1": null}}', True),
        (b'{"timestamp": 1740981600000, "values": {"FT101": 50}, "quality": {"FT101": "bad"}}', True),
        (b'[{"timestamp": 1740981600000, "values": {}}]', True),
        (b'{"timestamp": 1740981600000, "tag": "FT101", "value": 1, "unit": "m3/h"}', True),
        (b'{"timestamp": 1740981600000, "values": {"FT101": "50"}}', False),
        (b'{"timestamp": 1740981600000, "values": {"FT101": 50}, "more": 1}', False),
        (b'{"values": {"FT101": 50}}', False),
        (b'{"timestamp": true, "values": {"FT101": 50}}', False),
        (b'{"timestamp": 1740981600000, "tag": "FT101"}', False),
    ],
)
def test_the_schema_of_readings_takes_what_the_parser_takes(payload: bytes, is_sound: bool) -> None:
    document = asyncapi_document()
    components = document["components"]
    assert isinstance(components, dict)
    schema = {**components["messages"]["Readings"]["payload"], "components": components}  # pyright: ignore
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(payload)) is is_sound
    assert (parse_json(payload).n_refused == 0) is is_sound


def test_the_example_is_taken() -> None:
    import orjson

    document = yaml.safe_load(FILE.read_text("utf-8"))
    for example in document["components"]["messages"]["Readings"]["examples"]:
        assert parse_json(orjson.dumps(example["payload"])).n_refused == 0
