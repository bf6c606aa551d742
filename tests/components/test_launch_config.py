"""What a run that anybody launches may set: a drop's files, within the plant's folder; no address of the deployment."""

from pathlib import Path

import dagster as dg
import pytest

from plant_assets.components.plant import plant_definitions
from plant_assets.defs.resources import resources
from plant_assets.profile.load import load_profile

RAW = "gas_treatment__raw_sensor_data"


@pytest.fixture(scope="module")
def definitions(home: Path) -> dg.Definitions:
    return dg.Definitions.merge(resources(), plant_definitions(load_profile("gas_treatment"), 2))


def launch(definitions: dg.Definitions, run_config: dict[str, object]) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("gas_treatment__pipeline").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        run_config=run_config,
        asset_selection=[dg.AssetKey(["gas_treatment", "raw_sensor_data"])],
        raise_on_error=False,
    )


def test_a_run_that_names_a_file_elsewhere_fails_and_the_file_stays(
    definitions: dg.Definitions, tmp_path: Path
) -> None:
    private = tmp_path / "keys.txt"
    private.write_text("top secret")
    result = launch(definitions, {"ops": {RAW: {"config": {"files": [str(private)]}}}})
    assert not result.success
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert failure.user_failure_data is not None
    assert "outside the plant's drop folder" in str(failure.user_failure_data.description)
    assert private.read_text() == "top secret"


@pytest.mark.parametrize(
    "given",
    [
        ("lake", "drop"),
        ("lake", "quarantine"),
        ("lake", "root"),
        ("io_manager", "root"),
        ("model_store", "tracking_uri"),
        ("model_store", "inference"),
        ("spark", "settings"),
    ],
    ids=".".join,
)
def test_a_run_cannot_set_where_the_deployment_keeps_its_state(
    definitions: dg.Definitions, tmp_path: Path, given: tuple[str, str]
) -> None:
    """Else it could name any folder the plant's drop folder, or have files written anywhere."""
    resource, field = given
    private = tmp_path / "gas_treatment" / "keys.txt"
    private.parent.mkdir()
    private.write_text("top secret")
    value = {"spark.jars": str(tmp_path)} if field == "settings" else str(tmp_path)
    config = {
        "ops": {RAW: {"config": {"files": [str(private)]}}},
        "resources": {resource: {"config": {field: value}}},
    }
    with pytest.raises(dg.DagsterInvalidConfigError, match=field):
        launch(definitions, config)
    assert private.exists()
