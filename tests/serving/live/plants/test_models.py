"""What a plant's real models say of its newest row."""

import pytest

from plant_assets.profile.model import PlantProfile
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.prediction_id import PredictionIds
from serving.live.plants.scoring import PlantWindow, ServedModels, rows_needed
from tests.bundle.factories import raw_table
from tests.serving.live.site import LiveService

pytestmark = pytest.mark.anyio


def models_of(service: LiveService, profile: PlantProfile) -> ServedModels:
    state = service.app.state
    return ServedModels(
        RequestedPlant(state.reconciler, state.settings, PredictionIds(bytes(32)), profile.name)
    )


@pytest.fixture
def window(profile: PlantProfile) -> PlantWindow:
    table = raw_table(profile).tail(rows_needed(profile))
    values = table.select(profile.columns).to_numpy()
    return PlantWindow(
        profile.columns, lambda rows: values[-rows:], table["timestamp"][-1], profile.sampling.interval
    )


async def test_all_horizons_are_scored_with_drivers_and_advice(
    service: LiveService, profile: PlantProfile, window: PlantWindow
) -> None:
    models = models_of(service, profile)
    outcome = (await models.ready()).score(window)
    assert [s.horizon_hours for s in outcome.scores] == [0, 1, 3, 6]
    assert outcome.fault == ""
    assert all(0 <= s.probability <= 1 and s.threshold is not None for s in outcome.scores)
    for score in outcome.scores:
        found = await models.brief(score.model, window)
        assert found.missing == ""
        assert found.drivers
        assert {driver.tag for driver in found.drivers} <= {*profile.tag_names, *profile.controllers}
        assert found.advice is not None


async def test_a_bad_signal_is_no_reading(
    service: LiveService, profile: PlantProfile, window: PlantWindow
) -> None:
    for name in ("PDT31008", "PDT31008_max", "PDT31008_min"):
        window.newest_rows(1)[-1, profile.columns.index(name)] = -9999.0
    outcome = (await models_of(service, profile).ready()).score(window)
    assert outcome.alarm
    assert [rule.name for rule in outcome.rules if rule.bad_signal] == ["PDT31008_L"]
    assert "PDT31008_L" not in [rule.name for rule in outcome.shown]
    assert outcome.bad_tags(profile) == {"PDT31008"}
    assert {score.confidence for score in outcome.scores} == {"reduced"}


async def test_without_forecasters_there_is_the_risk_now(
    service: LiveService, profile: PlantProfile, window: PlantWindow
) -> None:
    for name, slot in service.app.state.reconciler.slots[profile.name].items():
        if name.startswith("forecaster"):
            slot.current = None
    outcome = (await models_of(service, profile).ready()).score(window)
    assert (outcome.now.horizon_hours, outcome.ahead) == (0, ())
    assert outcome.fault.startswith("forecasts: plant_alarm_forecaster_1h is not loaded: ")


async def test_a_plant_without_a_version_is_untrained(service: LiveService, profile: PlantProfile) -> None:
    models, reconciler = models_of(service, profile), service.app.state.reconciler
    assert not models.is_untrained
    reconciler.main_slot(profile.name).current = None
    assert models.is_untrained
    reconciler.registry_fault = "MLflow does not respond"
    assert not models.is_untrained, "nobody knows"
