"""What a plant's models say of a row together is what each says of it alone."""

import numpy as np
import polars as pl
import pytest

from plant_assets.ingest.grid.resample import resample
from plant_assets.profile.model import PlantProfile
from serving.inference.models.dependencies import RequestedPlant
from serving.inference.prediction_id import PredictionIds
from serving.live.plants.scoring import FIELD, LoadedModels, PlantWindow, ServedModels
from serving.settings import ServingSettings
from tests.serving.live.site import PLANT, LiveService

pytestmark = pytest.mark.anyio


@pytest.fixture
async def models(service: LiveService, live_settings: ServingSettings) -> LoadedModels:
    ids = PredictionIds(b"0123456789abcdef")
    plant = RequestedPlant(service.app.state.reconciler, live_settings, ids, PLANT)
    return await ServedModels(plant).ready()


def window_until(row: int, table: pl.DataFrame, profile: PlantProfile) -> PlantWindow:
    values = table.select(profile.columns).to_numpy()[: row + 1]
    return PlantWindow(
        profile.columns,
        lambda rows: values[-rows:],
        table["timestamp"][row],
        profile.sampling.interval,
    )


async def test_forecasters_share_a_row_and_say_what_each_says_alone(
    models: LoadedModels, records: pl.DataFrame, profile: PlantProfile
) -> None:
    table = resample(records.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32)), profile)
    assert len({model.inputs.key for model in models.ahead}) == 1 < len(models.ahead)
    for row in (0, 3, 60, 150):
        window = window_until(row, table, profile)
        found = models.score(window)
        for model, score in zip(models.ahead, found.ahead, strict=True):
            alone = model.inputs.from_window(window.newest_rows(1000), profile.columns, FIELD)
            decided = model.evaluate(alone.values[None, :]).decisions[0]
            assert score.probability == pytest.approx(decided, abs=1e-12)
            assert score.horizon_hours == model.bundle.manifest.horizon_hours
            assert score.confidence == alone.confidence


async def test_a_row_needs_no_more_of_the_past_than_its_features(
    models: LoadedModels, records: pl.DataFrame, profile: PlantProfile
) -> None:
    table = resample(records.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32)), profile)
    values = table.select(profile.columns).to_numpy()[:150]
    for model in (models.champion, *models.ahead):
        inputs = model.inputs
        assert 1 < inputs.rows_needed < len(values)
        whole = inputs.from_window(values, profile.columns, FIELD).values
        some = inputs.from_window(values[-inputs.rows_needed :], profile.columns, FIELD).values
        fewer = inputs.from_window(values[1 - inputs.rows_needed :], profile.columns, FIELD).values
        assert np.array_equal(whole, some, equal_nan=True)
        assert not np.array_equal(whole, fewer, equal_nan=True)


async def test_a_bad_signal_meets_its_rules_also_where_rules_are_not_asked_for(
    models: LoadedModels, records: pl.DataFrame, profile: PlantProfile
) -> None:
    table = resample(records.with_columns(file=pl.lit(""), row=pl.lit(1, pl.UInt32)), profile)
    values = table.select(profile.columns).to_numpy()[:60].copy()
    at = profile.columns.index("PDT31008")
    values[-1, at] = 1e6
    inputs = models.ahead[0].inputs
    row = inputs.from_window(values, profile.columns, FIELD, with_rules=False)
    assert [rule.name for rule in row.rules if rule.bad_signal]
    values[-1, at] = 400.0
    assert not inputs.from_window(values, profile.columns, FIELD, with_rules=False).rules
