"""What the inference service looks at before it starts: the plants that it answers for, its secret."""

import logging
import shutil
from pathlib import Path

import pytest

from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from plant_assets.profile.variables import SettingsError
from serving.inference.app import prepare
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings


def test_the_second_plant_of_one_registry_prefix_is_told_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(DEFS_FOLDER / "gas_treatment", tmp_path / "gas_treatment")
    for name, prefix in (("other", "other_"), ("taking", "plant_alarm_")):
        (tmp_path / name).mkdir()
        attributes = f"{{extends: gas_treatment, name: {name}, registry_prefix: {prefix}}}"
        (tmp_path / name / "defs.yaml").write_text(f"type: {PLANT_TYPE}\nattributes: {attributes}\n", "utf-8")
    with caplog.at_level(logging.ERROR, "serving"):
        plants = PlantFolder(tmp_path)
        assert plants.poll()
    assert list(plants.profiles) == ["gas_treatment", "other"]
    (told,) = caplog.messages
    assert told.startswith("plant taking is excluded:\ntaking/defs.yaml:2: attributes.registry_prefix: ")
    assert "belongs to plant 'gas_treatment'" in told


def test_a_secret_that_others_may_read_is_told_before_the_service_starts(tmp_path: Path) -> None:
    here = ServingSettings(home=tmp_path)
    prepare(here)
    here.prediction_key.chmod(0o644)
    with pytest.raises(
        SettingsError, match=r"prediction\.key: other users can read the secret \(mode 0644\)"
    ):
        prepare(here)
