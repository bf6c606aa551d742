"""Which plants the inference service answers for."""

import logging
import shutil
from pathlib import Path

import pytest

from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from serving.inference.app import _sound_profiles


def test_the_second_plant_of_one_registry_prefix_is_told_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(DEFS_FOLDER / "gas_treatment", tmp_path / "gas_treatment")
    for name, prefix in (("other", "other_"), ("taking", "plant_alarm_")):
        (tmp_path / name).mkdir()
        attributes = f"{{extends: gas_treatment, name: {name}, registry_prefix: {prefix}}}"
        (tmp_path / name / "defs.yaml").write_text(f"type: {PLANT_TYPE}\nattributes: {attributes}\n", "utf-8")
    with caplog.at_level(logging.ERROR, "serving"):
        assert list(_sound_profiles(tmp_path)) == ["gas_treatment", "other"]
    (told,) = caplog.messages
    assert told.startswith("plant taking is left out:\ntaking/defs.yaml:2: attributes.registry_prefix: ")
    assert "that of plant 'gas_treatment'" in told
