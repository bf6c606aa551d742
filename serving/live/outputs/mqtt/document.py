"""`python -m serving.live.outputs.mqtt.document > docs/asyncapi.yaml` writes the MQTT topics down, as AsyncAPI 3.

Belongs here: the document. Doesn't belong here: the payloads that are published (`messages.py`), topics that a profile adds
(docs/live.md).
"""

import sys

import yaml
from pydantic import JsonValue
from pydantic.json_schema import models_json_schema

from serving.live.outputs.mqtt.messages import PublishedScore, PublishedWarnings

Node = dict[str, JsonValue]
_HEAD = "# Written by `python -m serving.live.outputs.mqtt.document`; a test keeps it up to date.\n"
_TIME: Node = {
    "oneOf": [
        {"type": "string", "format": "date-time", "description": "ISO 8601 with an offset"},
        {"type": "number", "description": "milliseconds since 1970, UTC"},
    ]
}
_VALUE: Node = {"type": ["number", "null"], "description": "null: there is no value"}
_QUALITY: Node = {"type": "string", "enum": ["good", "uncertain", "bad"]}
_UNIT: Node = {"type": "string", "description": "where it isn't the profile's; converted where that can be"}
_ROW: Node = {
    "type": "object",
    "required": ["timestamp", "values"],
    "additionalProperties": False,
    "properties": {
        "timestamp": _TIME,
        "values": {
            "type": "object",
            "description": "value of each tag; empty: the plant's time has come so far",
            "additionalProperties": _VALUE,
        },
        "quality": {
            "type": "object",
            "description": "of tags in values; others are good",
            "additionalProperties": _QUALITY,
        },
        "unit": {"type": "object", "description": "of tags in values", "additionalProperties": _UNIT},
    },
}
_RECORD: Node = {
    "type": "object",
    "required": ["timestamp", "tag", "value"],
    "additionalProperties": False,
    "properties": {
        "timestamp": _TIME,
        "tag": {"type": "string"},
        "value": _VALUE,
        "quality": _QUALITY,
        "unit": _UNIT,
    },
}
_EXAMPLE: Node = {
    "timestamp": "2025-03-03T06:00:00Z",
    "values": {"FT101": 50.0, "TT101": 71.2},
    "quality": {"FT101": "uncertain"},
}


def asyncapi_document() -> Node:
    """The topics of a plant, with the schemas of their payloads."""
    _, definitions = models_json_schema(
        [(PublishedScore, "serialization"), (PublishedWarnings, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    one_of: list[JsonValue] = [{"$ref": "#/components/schemas/Row"}, {"$ref": "#/components/schemas/Record"}]
    readings: Node = {"oneOf": [*one_of, {"type": "array", "items": {"oneOf": one_of}}]}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Forewarn by MQTT",
            "version": "1",
            "description": "Readings of a plant in; its scores and the state of its warnings out. All of it is QoS 1.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "127.0.0.1:1883",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "the broker of FOREWARN_MQTT_URL",
            }
        },
        "channels": {
            "readings": _channel("readings", "Readings", "what a site publishes"),
            "scores": _channel("scores", "Score", "a message a score of a row: now, and each horizon"),
            "warnings": _channel(
                "warnings", "Warnings", "retained: who subscribes later gets the newest state"
            ),
        },
        "operations": {
            "receiveReadings": _operation("receive", "readings", "acknowledged when they are stored"),
            "sendScores": _operation("send", "scores", "at least once, in the order of rows"),
            "sendWarnings": _operation(
                "send", "warnings", "at least once, after each change, and at each connection"
            ),
        },
        "components": {
            "messages": {
                "Readings": {"payload": readings, "examples": [{"payload": _EXAMPLE}]},
                "Score": {"payload": {"$ref": "#/components/schemas/PublishedScore"}},
                "Warnings": {"payload": {"$ref": "#/components/schemas/PublishedWarnings"}},
            },
            "schemas": {"Row": _ROW, "Record": _RECORD, **definitions["$defs"]},
        },
    }


def document_text() -> str:
    """The document as YAML."""
    text = yaml.dump(asyncapi_document(), sort_keys=False, allow_unicode=True, width=120, Dumper=_PlainDumper)
    return _HEAD + text


class _PlainDumper(yaml.SafeDumper):
    """Writes what stands twice twice, which people can read."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class's
        return True


def _channel(kind: str, message: str, description: str) -> Node:
    return {
        "address": f"forewarn/{{plant}}/{kind}",
        "description": description,
        "parameters": {"plant": {"description": "name of the plant's profile"}},
        "messages": {message.lower(): {"$ref": f"#/components/messages/{message}"}},
    }


def _operation(action: str, channel: str, description: str) -> Node:
    is_retained = channel == "warnings"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "description": description,
        "bindings": {"mqtt": {"qos": 1, "retain": is_retained}},
    }


if __name__ == "__main__":
    sys.stdout.write(document_text())
