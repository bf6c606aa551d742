import json
from typing import Annotated, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator

from serving.faults import MOST_FAULTS, ExpectedInput, describe_value, expectation_error, fault, faults_of


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = 0
    share: float = Field(default=0, ge=0, le=1)
    kind: Literal["a", "b"] = "a"
    rows: list[dict[str, float]] = Field(default=[], max_length=2)
    table: dict[str, float] = Field(default={}, max_length=2)
    word: str = Field(default="", max_length=3)
    either: Annotated[int | Literal["all"], ExpectedInput("a whole number, or 'all'")] = 1
    since: AwareDatetime | None = None
    odd: int = 1
    chosen: int = 0

    @field_validator("odd")
    @classmethod
    def _odd(cls, odd: int) -> int:
        if odd % 2 == 0:
            raise ValueError("an even number")
        return odd

    @field_validator("chosen")
    @classmethod
    def _chosen(cls, chosen: int) -> int:
        if chosen > 5:
            raise expectation_error("beyond the last", "at most 5, as there are no more")
        return chosen


class Needy(BaseModel):
    needed: int


def faults(shape: type[BaseModel], document: str) -> list[tuple]:
    with pytest.raises(ValidationError) as refused:
        shape.model_validate_json(document)
    return [tuple(f.values()) for f in faults_of(refused.value.errors(), ["count", "rows"])]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ('{"count": "x"}', ("count", "got 'x'", "a valid integer")),
        ('{"count": 1.5}', ("count", "got 1.5", "a valid integer")),
        ('{"count": null}', ("count", "got null", "a valid integer")),
        ('{"share": 2}', ("share", "got 2", "less than or equal to 1")),
        ('{"kind": "c"}', ("kind", "got 'c'", "'a' or 'b'")),
        ('{"rows": {}}', ("rows", "got an object", "a valid array")),
        ('{"rows": [{}, {}, {}]}', ("rows", "got 3", "at most 2 items")),
        ('{"rows": [{"x": "y"}]}', ("rows.0.x", "got 'y'", "a valid number")),
        ('{"table": {"a": 1, "b": 1, "c": 1}}', ("table", "got 3", "at most 2 items")),
        ('{"word": "long"}', ("word", "got 4", "at most 3 characters")),
        ('{"either": "some"}', ("either", "got 'some'", "a whole number, or 'all'")),
        (
            '{"since": "2026-01-01T00:00"}',
            ("since", "a time without an offset", "ISO 8601 with one, as 2024-01-01T00:00Z"),
        ),
        ('{"odd": 2}', ("odd", "an even number", "what /docs describes")),
        ('{"chosen": 6}', ("chosen", "beyond the last", "at most 5, as there are no more")),
        ('{"more": 1}', ("more", "unknown field", "one of count, rows")),
        ("[]", ("body", "got an array", "an object")),
    ],
)
def test_a_fault_says_where_what_is_wrong_and_what_would_be_right(document: str, told: tuple) -> None:
    assert faults(Shape, document) == [told]


def test_a_missing_field_is_absent() -> None:
    assert faults(Needy, "{}") == [("needed", "absent", "a value, as the field is required")]


def test_a_type_says_in_words_of_its_own_what_it_expects() -> None:
    class Span(BaseModel):
        hours: Annotated[int | Literal["all"], ExpectedInput("a whole number, or 'all'")]

    assert Span.model_validate_json('{"hours": "all"}').hours == "all"
    assert faults(Span, '{"hours": "some"}') == [("hours", "got 'some'", "a whole number, or 'all'")]
    with pytest.raises(ValidationError) as refused:
        Span.model_validate({"hours": "some"})
    (error,) = refused.value.errors()
    assert (error["type"], error["msg"]) == ("expected", "expected a whole number, or 'all'")


def test_what_a_validator_did_not_expect_is_an_error_with_its_words() -> None:
    error = expectation_error("beyond the last", "at most 5")
    assert (error.type, error.message()) == ("unexpected", "beyond the last")


def test_a_fault_has_three_members() -> None:
    assert fault("a.0", "got 1", "a text") == {"field": "a.0", "message": "got 1", "expected": "a text"}


def test_what_python_calls_a_list_or_dict_is_an_array_or_object() -> None:
    with pytest.raises(ValidationError) as refused:
        Shape.model_validate({"rows": {}, "table": [], "more": 1})
    assert [tuple(found.values()) for found in faults_of(refused.value.errors())] == [
        ("rows", "got an object", "a valid array"),
        ("table", "got an array", "an object"),
        ("more", "unknown field", "only fields that /docs lists"),
    ]


def test_no_more_faults_are_told_than_a_person_reads() -> None:
    assert len(faults(Shape, json.dumps({"rows": [dict.fromkeys(range(99), "x")]}))) == MOST_FAULTS


def test_a_long_name_is_cut() -> None:
    [(field, *_)] = faults(Shape, json.dumps({"rows": [{"a" * 5000: "x"}]}))
    assert len(field) < 120


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "got true"),
        (False, "got false"),
        (float("nan"), "got nan"),
        (1e40, "got a number beyond 1e40"),
        (-1e39, "got -1e+39"),
        (10**5000, "got a number beyond 1e40"),
        (-(10**5000), "got a number beyond 1e40"),
        ("x" * 5000, f"got '{'x' * 40}'"),
        ([1] * 5000, "got an array"),
    ],
    ids=lambda _: "",
)
def test_what_was_given_is_shown_shortly(value: object, said: str) -> None:
    assert describe_value(value) == said
