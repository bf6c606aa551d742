"""Which plants a topic's messages are for, and how their payloads are read.

Belongs here: the topics of all plants as one table. Doesn't belong here: payloads (`payloads.py`), the broker
(`source.py`).
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from paho.mqtt.matcher import MQTTMatcher

from plant_assets.profile.live_mqtt import TAG_LEVEL, MqttTopic
from plant_assets.profile.model import PlantProfile
from serving.live.sources.json_rows import BadDocumentError, parse_json
from serving.live.sources.message import LONGEST_NAME, ParsedMessage
from serving.live.sources.mqtt.payloads import PayloadReader, reader_of

_MOST_KNOWN = 20_000
"""Topics whose routes are remembered."""


class TopicRoute(NamedTuple):
    """A plant that a topic is for, its tag where the topic names one, and the reader of its payloads."""

    plant: str
    tag: str
    read: PayloadReader


class _Mapped(NamedTuple):
    plant: str
    level: int | None
    tag: str
    read: PayloadReader

    def route(self, topic: str) -> TopicRoute:
        tag = self.tag if self.level is None else topic.split("/")[self.level]
        return TopicRoute(self.plant, tag[: LONGEST_NAME + 1], self.read)


def default_topic(plant: str, kind: str = "readings") -> str:
    """A plant's topic of a kind, such as `forewarn/demo/readings`."""
    return f"forewarn/{plant}/{kind}"


class TopicRoutes:
    """The topics of some plants.

    Attributes:
        filters: what to subscribe to.
    """

    def __init__(self, profiles: Mapping[str, PlantProfile]) -> None:
        self._matcher: MQTTMatcher = MQTTMatcher()
        self._known: dict[str, tuple[TopicRoute, ...]] = {}
        mapped: dict[str, list[_Mapped]] = {}
        for name, profile in profiles.items():
            mapped.setdefault(default_topic(name), []).append(_Mapped(name, None, "", _read_default))
            for topic in profile.live.mqtt.topics:
                mapped.setdefault(topic.filter, []).append(_mapped(name, topic))
        for topic_filter, plants in mapped.items():
            self._matcher[topic_filter] = plants
        self.filters = frozenset(mapped)

    def find(self, topic: str) -> tuple[TopicRoute, ...]:
        """Where a topic's messages go; nowhere if no plant has it."""
        found = self._known.get(topic)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:  # whoever makes up topics must not fill the memory
                self._known.clear()
            found = self._known[topic] = tuple(self._routes(topic))
        return found

    def _routes(self, topic: str) -> Iterator[TopicRoute]:
        for plants in self._matcher.iter_match(topic):
            yield from (one.route(topic) for one in plants)


def _mapped(plant: str, topic: MqttTopic) -> _Mapped:
    levels = topic.topic.split("/")
    level = levels.index(TAG_LEVEL) if TAG_LEVEL in levels else None
    return _Mapped(plant, level, topic.tag or "", reader_of(topic))


def _read_default(_tag: str, payload: bytes, _arrived_us: int) -> ParsedMessage:
    try:
        return parse_json(payload)
    except BadDocumentError as error:
        message = ParsedMessage(lambda _row, name: name)
        message.refuse("payload", str(error), error.expected)
        return message
