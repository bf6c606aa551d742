"""What clients are promised of live events; `live/conftest.py` holds each one that is told against it."""

import pytest
from pydantic import ValidationError

from serving.documents import document
from serving.events.kinds import TYPES, gap
from serving.gateway.event_types import GatewayEvent


def test_the_document_names_each_kind_that_can_be_chosen_and_the_gap() -> None:
    whole = document("gateway")
    content = whole["paths"]["/events"]["get"]["responses"]["200"]["content"]
    assert content == {
        "text/event-stream": {
            "schema": {"type": "string"},
            "itemSchema": {"$ref": "#/components/schemas/GatewayEvent"},
        }
    }
    kinds = whole["components"]["schemas"]["GatewayEvent"]["discriminator"]["mapping"]
    assert set(kinds) == {*TYPES, "gap"}


def test_a_gap_is_one_line_of_what_is_promised() -> None:
    assert gap(7, 9) == b'event: gap\ndata: {"after":7,"newest":9}\n\n'


@pytest.mark.parametrize("told", [{"event": "other", "data": {}}, {"event": "gap", "data": {"after": 1}}])
def test_another_event_is_refused(told: dict) -> None:
    with pytest.raises(ValidationError):
        GatewayEvent.model_validate(told)
