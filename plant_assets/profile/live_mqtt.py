"""Which MQTT topics of a site carry a plant's readings, and in which shape, as strict Pydantic models.

Belongs here: a plant's mapping, and its checks. Doesn't belong here: the broker's address, which is a setting of the
service, or reading payloads (`serving/live/sources/mqtt`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_serializer, field_validator, model_validator

from plant_assets.profile.tag import StrictModel

TAG_LEVEL = "{tag}"
"""The level of a topic that names the tag."""
MqttQualities = Literal["words", "opc_da", "opc_ua"]
TimeUnit = Literal["s", "ms", "us", "ns"]
_LONGEST_TOPIC = 1000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_path(text: str) -> str:
    """A JSON path (RFC 9535) that names one place, such as `$.data.value` or `$['flow rate'][0]`.

    Raises:
        ValueError: it isn't one.
    """
    import jsonpath_rfc9535

    expected = "expected a JSON path to one value, such as $.data.value"
    try:
        found = jsonpath_rfc9535.compile(text)
    except jsonpath_rfc9535.JSONPathError as error:
        reason = str(error).partition(", line ")[0]
        raise ValueError(f"{expected}, got {text!r}: {reason}") from None
    if not found.singular_query():
        raise ValueError(f"{expected}, got {text!r}, which may name several")
    return text


JsonPath = Annotated[str, Field(max_length=500), AfterValidator(check_path)]


class MqttTopic(StrictModel):
    """A topic, or several by wildcards, and how the payload of its messages is read.

    Without `value`, `values` and `values_at` the payload is a bare number.
    """

    topic: str = Field(description="topic filter; the level {tag} names the tag")
    tag: str | None = Field(default=None, min_length=1, description="tag of a topic without {tag}")
    value: JsonPath | None = Field(default=None, description="JSON path to the one value of the payload")
    values: tuple[tuple[str, str], ...] | None = Field(
        default=None, min_length=1, description="tag → JSON path to its value"
    )
    values_at: JsonPath | None = Field(
        default=None, description="JSON path to an object of tags and their values"
    )
    time: JsonPath | None = Field(
        default=None, description="JSON path to the time; by default the time of arrival"
    )
    time_unit: TimeUnit = Field(default="ms", description="unit of times that are numbers since 1970")
    quality: JsonPath | None = Field(default=None, description="JSON path to the quality")
    qualities: MqttQualities = Field(default="words", description="what qualities are written in")

    @field_validator("topic")
    @classmethod
    def _is_filter(cls, topic: str) -> str:
        levels = topic.split("/")
        sound = (
            0 < len(topic.encode()) <= _LONGEST_TOPIC
            and not _CONTROL.search(topic)
            and not topic.startswith("$")
            and levels.count(TAG_LEVEL) <= 1
            and all(level in ("+", TAG_LEVEL) or not set(level) & set("+#{}") for level in levels[:-1])
            and (levels[-1] in ("+", "#", TAG_LEVEL) or not set(levels[-1]) & set("+#{}"))
        )
        if not sound:
            raise ValueError(
                "expected an MQTT topic such as site/line1/{tag}/pv, where + stands for a level, a last # for all "
                f"below, and {TAG_LEVEL} for the level that names the tag, got {topic[:60]!r}"
            )
        return topic

    @field_validator("values", mode="before")
    @classmethod
    def _pairs(cls, values: object) -> object:
        """A mapping as pairs: a profile is a key of what is computed once for it."""
        return tuple(values.items()) if isinstance(values, Mapping) else values

    @field_validator("values")
    @classmethod
    def _are_paths(cls, values: tuple[tuple[str, str], ...] | None) -> tuple[tuple[str, str], ...] | None:
        for name, path in values or ():
            try:
                check_path(path)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return values

    @field_serializer("values")
    def _mapping(self, values: tuple[tuple[str, str], ...] | None) -> dict[str, str] | None:
        return None if values is None else dict(values)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [name for name in ("value", "values", "values_at") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{given[1]}: expected only one of value, values and values_at")
        self._check_name(is_document=given in (["values"], ["values_at"]))
        for field in ("time", "quality"):
            if not given and getattr(self, field) is not None:
                raise ValueError(f"{field}: expected only beside value, values or values_at")
        return self

    def _check_name(self, *, is_document: bool) -> None:
        """Refuse a topic whose tag is told twice, or not at all."""
        is_named = TAG_LEVEL in self.topic.split("/")
        if is_document and (is_named or self.tag is not None):
            raise ValueError("tag: expected none, as the values of the payload name theirs")
        if is_named and self.tag is not None:
            raise ValueError(f"tag: expected none beside {TAG_LEVEL} in the topic")
        if not is_document and not is_named and self.tag is None:
            raise ValueError(f"tag: is missing; expected it, or {TAG_LEVEL} in the topic, or values")

    @property
    def tags(self) -> list[str]:
        """The tags that it names itself."""
        return [name for name, _ in self.values or ()] + ([] if self.tag is None else [self.tag])

    @property
    def filter(self) -> str:
        """The topic filter as a broker takes it."""
        return "/".join("+" if level == TAG_LEVEL else level for level in self.topic.split("/"))


class MqttOptions(StrictModel):
    """Topics that a plant listens to beside its default one, `forewarn/<plant>/readings`."""

    topics: tuple[MqttTopic, ...] = Field(default=(), max_length=1000)

    @field_validator("topics")
    @classmethod
    def _no_topic_twice(cls, topics: tuple[MqttTopic, ...]) -> tuple[MqttTopic, ...]:
        seen: set[str] = set()
        for topic in topics:
            if topic.filter in seen:
                raise ValueError(f"expected each topic once, got {topic.topic!r} twice")
            seen.add(topic.filter)
        return topics
