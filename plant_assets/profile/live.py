"""How a plant's live readings come, as strict Pydantic models.

Belongs here: what all sources share. Doesn't belong here: one source's own options (`live_mqtt.py` and its like).
"""

from typing import Literal

from pydantic import Field

from plant_assets.profile.durations import Duration
from plant_assets.profile.live_mqtt import MqttOptions
from plant_assets.profile.live_opcua import OpcuaOptions
from plant_assets.profile.live_sparkplug import SparkplugOptions
from plant_assets.profile.tag import StrictModel


class LiveOptions(StrictModel):
    """When a row of live readings is complete, and where readings come from beside the doors that are open to every plant."""

    settle: Duration | None = Field(
        default=None,
        description="how long after an interval's end its readings may still come; default: a tenth of the interval",
    )
    clock: Literal["wall", "readings"] = Field(
        default="wall",
        description="the plant's time: the wall's, or that of its readings, for replays and simulations that run faster",
    )
    mqtt: MqttOptions = MqttOptions()
    sparkplug: SparkplugOptions | None = Field(
        default=None, description="the Sparkplug B edge node whose metrics are the plant's tags"
    )
    opcua: OpcuaOptions | None = Field(
        default=None, description="the OPC UA server whose variables are the plant's tags"
    )

    @property
    def tags_by_source(self) -> dict[str, list[str]]:
        """The tags that sources' options name, by the options' path."""
        return {
            "mqtt.topics": [tag for topic in self.mqtt.topics for tag in topic.tags],
            "sparkplug.names": [tag for _, tag in self.sparkplug.names] if self.sparkplug else [],
            "opcua.nodes": [tag for tag, _ in self.opcua.nodes] if self.opcua else [],
        }
