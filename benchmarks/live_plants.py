"""Plants of twenty tags and a row a minute with models that were trained once, for benchmarks of the live service.

Belongs here: profiles, models, and a registry that serves them. Doesn't belong here: the service and what is sent to it (`live_site.py`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import yaml
from fastapi import FastAPI, Request, Response

from benchmarks.forecasters import START, inputs_of
from plant_assets.features.arrays import Floats
from plant_assets.models.export import export_bundle
from plant_assets.models.fitting import fit_nowcast
from plant_assets.models.inputs import TrainingInputs
from plant_assets.models.spec import CHAMPION, RF_SOFT_ALARM, forecaster
from plant_assets.models.train import train
from plant_assets.models.walk_forward import TrainedModel
from plant_assets.profile.load import PLANT_TYPE, load_profile
from plant_assets.profile.model import PlantProfile
from tests.servers import running_app
from tests.serving.mlflow_fake import FakeMlflow

SINGLE = [f"T{number:02}" for number in range(1, 18)]
LOOP = {"LIC_PV": "pv", "LIC_OP": "op", "LIC_SP": "sp"}
TAGS = [*SINGLE, *LOOP]
HORIZONS = (1, 2, 3)
SEED = 3001
NORMAL = 220.0
CLIMB_ROWS, ALARM_ROWS = 60, 15


def plant_name(number: int) -> str:
    return f"unit_{number:03}"


def plant_document(name: str, *, looks_ahead: bool = True) -> dict:
    """The `defs.yaml` of a plant; its time is that of its readings."""
    forecasts = {"horizons": [f"{hours}h" for hours in HORIZONS]} if looks_ahead else {}
    return {
        "type": PLANT_TYPE,
        "attributes": {
            "name": name,
            "title": f"Unit {name}",
            "simulated": True,
            "registry_prefix": f"{name}_",
            "sampling": {"interval": "1m", "hold_limit": "6m", "stale_after": "6m", "frozen_after": "24m"},
            "tags": [_tag(tag) for tag in TAGS],
            "labels": {
                "alarm_rules": [
                    {"name": "high_pressure", "when": "T01 > 300"},
                    {"name": "swings", "when": "T02_std_3m > 30"},
                ]
            },
            "features": {
                "mean": ["3m", "24m"],
                "std": ["3m", "6m", "24m"],
                "difference": ["1m", "6m"],
                "slope_to_limit": ["3m"],
            },
            "deviation_target": "LIC",
            "models": ["champion", *(["forecaster"] if looks_ahead else [])],
            "budget": {"false_alarm_hours_per_day": 4, "false_episodes_per_day": 0.5, "off_delay": 2},
            "validation": {"folds": 2, "gap": "24m"},
            "live": {"clock": "readings", "mqtt": {"topics": [{"topic": f"{name}/{{tag}}/pv", "time": "$.t", "value": "$.v"}]}},
            **forecasts,
        },
    }  # fmt: skip


def write_plants(defs: Path, count: int, *, looks_ahead: bool = True) -> list[PlantProfile]:
    """Folders of plants that are alike and share nothing."""
    for number in range(count):
        name = plant_name(number)
        (defs / name).mkdir(parents=True)
        document = plant_document(name, looks_ahead=looks_ahead)
        (defs / name / "defs.yaml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return [load_profile(plant_name(number), defs) for number in range(count)]


def minute_table(rows: int, every: int, seed: int) -> pl.DataFrame:
    """Rows of a plant whose tags wander about their normal value; now and then T01 climbs beyond its limit.

    Args:
        every: rows from one climb to the next, on average.
    """
    chance = np.random.default_rng(seed)
    values = np.empty((rows, len(TAGS)))
    values[0] = 0.0
    steps = chance.normal(0, 1.5, values.shape)
    for row in range(1, rows):
        values[row] = 0.9 * values[row - 1] + steps[row]
    values += NORMAL
    climb = np.concatenate([np.linspace(0, 90, CLIMB_ROWS), np.full(ALARM_ROWS, 90.0)])
    begin = int(chance.exponential(every))
    while begin + len(climb) < rows:
        values[begin : begin + len(climb), 0] += climb
        begin += len(climb) + int(chance.exponential(every))
    times = pl.datetime_range(START, START + timedelta(minutes=rows - 1), "1m", time_unit="us", eager=True)
    return pl.DataFrame(values, schema=TAGS).insert_column(0, times.alias("timestamp"))


def signal_values() -> Floats:
    """What the tags measure, as no model has seen it: (rows, tags), a climb about every 33 hours."""
    return minute_table(6000, 2000, SEED + 1).select(TAGS).to_numpy()


def train_models(profile: PlantProfile) -> tuple[TrainingInputs, list[TrainedModel]]:
    """A calibrated random forest as champion, and a forecaster a horizon."""
    inputs = inputs_of(minute_table(4000, 300, SEED), profile, [])
    fitted = fit_nowcast(
        RF_SOFT_ALARM, inputs.names("features"), inputs.matrix("features"), inputs.labels, profile
    )
    champion = TrainedModel(CHAMPION, fitted.model, inputs.labelled.head(0), builder=RF_SOFT_ALARM.builder)
    ahead = [forecaster(timedelta(hours=hours)) for hours in HORIZONS] if profile.looks_ahead else []
    return inputs, [champion, *(train(spec, inputs, profile) for spec in ahead)]


def publish_models(profiles: Sequence[PlantProfile], folder: Path) -> FakeMlflow:
    """The first plant's models for every plant: each has files of its own."""
    registry = FakeMlflow()
    inputs, trained = train_models(profiles[0])
    for profile in profiles:
        for model in trained:
            place = folder / profile.name / model.spec.name
            place.parent.mkdir(parents=True, exist_ok=True)
            manifest = export_bundle(model, inputs, profile, place)
            registry.publish(manifest.registry_name, 1, place, "champion")
    return registry


@contextmanager
def running_registry(registry: FakeMlflow) -> Iterator[str]:
    """MLflow's REST interface of these models over HTTP, in a thread of this process; gives its address."""
    app = FastAPI()

    @app.get("/{path:path}")
    @app.post("/{path:path}")
    async def answer(request: Request) -> Response:
        found = await registry.handle_async_request(
            httpx.Request(request.method, str(request.url), content=await request.body())
        )
        return Response(found.content, found.status_code, media_type="application/json")

    with running_app(app) as place:
        yield f"http://{place}"


def _tag(name: str) -> dict:
    tag = {
        "name": name,
        "description": name,
        "unit": "mbar",
        "range": [-50, 1000],
        "normal": [170, 275],
        "limits": {"L": 100, "H": 280, "HH": 300},
        "process_unit": "A",
    }
    return tag | ({"role": LOOP[name], "controller": "LIC"} if name in LOOP else {})
