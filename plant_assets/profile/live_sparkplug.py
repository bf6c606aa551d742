"""Where a plant's readings are in Sparkplug B, as a strict Pydantic model.

Belongs here: `live.sparkplug` of a profile. Doesn't belong here: the broker, which is the site's (`FOREWARN_MQTT_URL`).
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_serializer, field_validator

from plant_assets.profile.tag import StrictModel

TopicPart = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/+#\x00-\x1f]+$")]


class SparkplugOptions(StrictModel):
    """The edge node whose metrics are a plant's tags."""

    group: TopicPart = Field(description="group id of the edge node")
    edge: TopicPart = Field(description="edge node id")
    device: TopicPart | None = Field(
        default=None,
        description="the only device that is read; without it a device's metric is named <device>/<metric>",
    )
    names: tuple[tuple[str, str], ...] = Field(
        default=(), description="metric → tag, where the metric's name is neither the tag's nor an alias"
    )

    @field_validator("names", mode="before")
    @classmethod
    def _pairs(cls, names: object) -> object:
        """A mapping as pairs: a profile is a key of what is computed once for it."""
        return tuple(names.items()) if isinstance(names, Mapping) else names

    @field_serializer("names")
    def _mapping(self, names: tuple[tuple[str, str], ...]) -> dict[str, str]:
        return dict(names)
