"""MQTT topics in a profile: what they mean, and what is refused at which YAML path."""

from pathlib import Path

import pytest

from plant_assets.profile.live_mqtt import MqttTopic
from plant_assets.profile.load import ProfileError, load_profile
from tests.profile.test_options import written

TOPICS = """live:
    mqtt:
      topics:
        - {topic: "site/{tag}/pv"}
        - {topic: site/scada, values: {voltage: $.u.pv}, time: "$['t s']", time_unit: s, quality: $.q}
  features:"""


def topic_of(topic: str, folder: Path) -> MqttTopic:
    return load_profile("mains", written(folder, ("features:", f"live: {{mqtt: {{topics: [{topic}]}}}}\n  features:"))).live.mqtt.topics[0]  # fmt: skip


def test_topics_are_read_as_they_stand_in_the_yaml(tmp_path: Path) -> None:
    profile = load_profile("mains", written(tmp_path, ("features:", TOPICS)))
    bare, document = profile.live.mqtt.topics
    assert (bare.filter, bare.value, bare.values) == ("site/+/pv", None, None)
    assert document.values == (("voltage", "$.u.pv"),)
    assert (document.time, document.time_unit, document.quality) == ("$['t s']", "s", "$.q")
    assert hash(profile) is not None


def test_a_mapping_is_written_as_it_was_read(tmp_path: Path) -> None:
    topic = topic_of("{topic: t, values: {voltage: $.u}}", tmp_path)
    assert MqttTopic.model_validate(topic.model_dump(mode="json")) == topic
    assert topic.model_dump(mode="json")["values"] == {"voltage": "$.u"}


def test_without_a_section_a_plant_has_no_topics_of_its_own(tmp_path: Path) -> None:
    assert load_profile("mains", written(tmp_path)).live.mqtt.topics == ()


@pytest.mark.parametrize(
    ("topic", "path", "says"),
    [
        ("{topic: 'a/{tag}/{tag}'}", "topic", "expected an MQTT topic such as site/line1/{tag}/pv"),
        ("{topic: 'a/#/{tag}'}", "topic", "expected an MQTT topic"),
        ("{topic: 'a/x+/b', tag: voltage}", "topic", "expected an MQTT topic"),
        ("{topic: 'a/x{tag}'}", "topic", "expected an MQTT topic"),
        ("{topic: '$share/g/a', tag: voltage}", "topic", "expected an MQTT topic"),
        ("{topic: '', tag: voltage}", "topic", "expected an MQTT topic"),
        ("{topic: 5}", "topic", "expected a text, got 5"),
        ("{topic: a}", "tag", "is missing; expected it, or {tag} in the topic, or values"),
        ("{topic: 'a/{tag}', tag: voltage}", "tag", "expected none beside {tag} in the topic"),
        ("{topic: a, tag: voltage, values: {voltage: $.u}}", "tag", "expected none, as the values"),
        ("{topic: 'a/{tag}', value: $.v, values: {voltage: $.u}}", "values", "expected only one of value"),
        ("{topic: 'a/{tag}', values_at: $.v, value: $.u}", "values_at", "expected only one of value"),
        ("{topic: 'a/{tag}', value: v}", "value", "expected a JSON path to one value, such as $.data.value"),
        ("{topic: 'a/{tag}', value: '$.v['}", "value", "expected a JSON path"),
        ("{topic: 'a/{tag}', value: $..v}", "value", "which may name several"),
        ("{topic: a, values: {voltage: $.*}}", "values", "voltage: expected a JSON path to one value"),
        ("{topic: a, values: {}}", "values", "at least 1 in the list"),
        ("{topic: 'a/{tag}', time: $.t}", "time", "expected only beside value, values or values_at"),
        ("{topic: 'a/{tag}', value: $.v, time_unit: min}", "time_unit", "expected 's', 'ms', 'us' or 'ns'"),
        ("{topic: 'a/{tag}', valeu: $.v}", "valeu", "did you mean value?"),
    ],
)
def test_each_fault_names_its_yaml_path(tmp_path: Path, topic: str, path: str, says: str) -> None:
    with pytest.raises(ProfileError) as refused:
        topic_of(topic, tmp_path)
    assert f"live.mqtt.topics[0].{path}: " in str(refused.value)
    assert says in str(refused.value)


def test_a_topic_leads_to_tags_of_the_plant(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"live.mqtt.topics: expected tags of the plant, got .current."):
        topic_of("{topic: a, values: {voltage: $.u, current: $.i}}", tmp_path)


def test_a_topic_stands_once(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"live.mqtt.topics: expected each topic once, got 'a/\+' twice"):
        topic_of("{topic: 'a/{tag}'}, {topic: 'a/+', tag: voltage}", tmp_path)
