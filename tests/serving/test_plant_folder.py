"""Plants that appear, change or vanish are taken up without a restart; one at fault goes on as it was, or is left out."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE
from serving import plant_folder
from serving.inference.app import create_app
from serving.plant_folder import PlantFolder
from serving.settings import ServingSettings
from tests.serving.conftest import CHAMPION_NAME, serve
from tests.serving.mlflow_fake import FakeMlflow

pytestmark = pytest.mark.anyio
ASKED = {"features": {"PDT31008": 220.0}}


@pytest.fixture
def defs(tmp_path: Path) -> Path:
    folder = tmp_path / "defs"
    shutil.copytree(DEFS_FOLDER / "gas_treatment", folder / "gas_treatment")
    return folder


def write(defs: Path, name: str, more: str = "", prefix: str = "") -> Path:
    """A plant that extends the gas treatment unit."""
    path = defs / name / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"type: {PLANT_TYPE}\nattributes:\n  extends: gas_treatment\n  name: {name}\n"
        f"  registry_prefix: {prefix or f'{name}_'}\n{more}",
        "utf-8",
    )
    return path


@pytest.fixture
async def client(
    mlflow: FakeMlflow, serving_settings: ServingSettings, defs: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(mlflow, serving_settings.model_copy(update={"defs": defs})) as found:
        yield found


async def look(client: httpx.AsyncClient) -> dict[str, dict]:
    """What /plants tells after the next look."""
    await client.app.state.reconciler.refresh()  # type: ignore[attr-defined]
    answer = (await client.get("/plants")).json()
    return {plant["name"]: plant for plant in answer["plants"]} | {
        "left out": {plant["name"]: plant["fault"] for plant in answer["left_out"]}
    }


async def test_a_plant_that_appears_is_served_and_one_that_vanishes_is_not(
    client: httpx.AsyncClient, defs: Path
) -> None:
    assert (await client.get("/plants/new/models")).status_code == 404
    write(defs, "new")
    assert "new" in await look(client)
    names = [m["name"] for m in (await client.get("/plants/new/models")).json()["models"]]
    assert "new_champion" in names
    shutil.rmtree(defs / "new")
    assert "new" not in await look(client)
    assert (await client.get("/plants/new/models")).status_code == 404
    assert (await client.post("/predict", json=ASKED)).status_code == 200


async def test_a_changed_plant_is_followed_and_keeps_the_models_it_still_has(
    client: httpx.AsyncClient, defs: Path, mlflow: FakeMlflow
) -> None:
    path = defs / "gas_treatment" / "defs.yaml"
    sound, asked = path.read_text("utf-8"), len(mlflow.requests)
    changed = sound.replace("title: Gas treatment unit", "title: Another")
    path.write_text(changed.replace("horizons: [1h, 3h, 6h]", "horizons: [1h, 3h]"), "utf-8")
    assert (await look(client))["gas_treatment"]["title"] == "Another"
    shown = {m["name"]: m for m in (await client.get("/models")).json()["models"]}
    assert "plant_alarm_forecaster_6h" not in shown
    assert shown[CHAMPION_NAME]["version"] == 1
    assert (await client.post("/predict", json=ASKED)).status_code == 200
    assert len(mlflow.requests) == asked + 1, "nothing was fetched anew"


async def test_edited_rules_limits_and_advice_act_at_once(
    client: httpx.AsyncClient, defs: Path, mlflow: FakeMlflow
) -> None:
    asked, path = {"features": {"PDT31008": 290.0}}, defs / "gas_treatment" / "defs.yaml"
    before = (await client.post("/predict", json=asked)).json()
    sound, fetched = path.read_text("utf-8"), len(mlflow.requests)
    path.write_text(sound.replace("PDT31008_max > 300", "PDT31008_max > 280"), "utf-8")
    await look(client)
    stricter = (await client.post("/predict", json=asked)).json()
    assert (before["rules"], [r["name"] for r in stricter["rules"]]) == ([], ["high_differential_pressure"])
    assert (before["alarm"], stricter["alarm"]) == (False, True)
    assert (stricter["risk_score"], stricter["version"]) == (before["risk_score"], 1)
    advised = (await client.post("/recommend", json=asked)).json()["recommendation"]
    assert any("PDT31008_max > 280" in one["why"] for one in advised)

    narrower = sound.replace("range: [-50, 1000]", "range: [-50, 280]", 1)
    assert narrower != sound
    path.write_text(narrower, "utf-8")
    await look(client)
    beyond = {"features": {**asked["features"], "TE301020": 108.0}}
    told = (await client.post("/predict", json=beyond)).json()
    assert (told["out_of_range"], told["alarm"]) == (["PDT31008"], True)
    assert [(rule["name"], rule["bad_signal"]) for rule in told["rules"]] == [
        ("high_differential_pressure", True)
    ]
    assert len(mlflow.requests) == fetched + 2, "nothing was fetched anew"


async def test_a_rule_on_a_tag_that_the_model_does_not_know_acts_too(
    client: httpx.AsyncClient, defs: Path
) -> None:
    path = defs / "gas_treatment" / "defs.yaml"
    sound = path.read_text("utf-8")
    tag = '\n    - {name: XT1, description: New, unit: "", range: [0, 9], process_unit: D304, used: false}'
    rule = "\n      - {name: new_tag, when: XT1 > 5}"
    changed = sound.replace("\n  tags:", f"\n  tags:{tag}", 1)
    path.write_text(changed.replace("\n    alarm_rules:", f"\n    alarm_rules:{rule}", 1), "utf-8")
    await look(client)
    answer = (await client.post("/predict", json={"features": {"PDT31008": 220.0, "XT1": 6.0}})).json()
    assert ([r["name"] for r in answer["rules"]], answer["unused"]) == (["new_tag"], ["XT1"])


async def test_a_changed_file_at_fault_keeps_the_last_sound_one_and_is_told_by_its_line(
    client: httpx.AsyncClient, defs: Path
) -> None:
    path = defs / "gas_treatment" / "defs.yaml"
    sound = path.read_text("utf-8")
    path.write_text(sound.replace("PDT31008_max > 300", "PDT31008_max >"), "utf-8")
    line = 1 + sound[: sound.index("PDT31008_max > 300")].count("\n")
    told = (await look(client))["gas_treatment"]
    assert told["fault"].startswith(
        f"gas_treatment/defs.yaml:{line}: attributes.labels.alarm_rules[0].when: "
    )
    assert (await client.get("/ready")).json()["profile"] == told["fault"]
    assert (await client.post("/predict", json=ASKED)).status_code == 200
    path.write_text(sound, "utf-8")
    assert (await look(client))["gas_treatment"]["fault"] == ""


async def test_a_new_plant_at_fault_is_left_out_and_touches_no_other(
    client: httpx.AsyncClient, defs: Path
) -> None:
    path = write(defs, "broken", "  titel: no\n")
    told = await look(client)
    assert told["left out"]["broken"].startswith("broken/defs.yaml:6: attributes.titel: ")
    ready = (await client.get("/ready")).json()
    assert (ready["ready"], ready["profile"], ready["left_out"]) == (True, "", told["left out"])
    missing = await client.get("/plants/broken/ready")
    assert missing.status_code == 404
    assert "broken/defs.yaml:6" in missing.json()["detail"]
    path.write_text(path.read_text("utf-8").replace("titel", "title"), "utf-8")
    assert (await look(client))["broken"]["title"] == "no"


async def test_a_default_plant_at_fault_keeps_no_other_from_being_served(
    mlflow: FakeMlflow, serving_settings: ServingSettings, defs: Path
) -> None:
    write(defs, "broken", "  titel: no\n")
    here = serving_settings.model_copy(update={"defs": defs, "default_plant": "broken"})
    async with serve(mlflow, here) as client:
        answer = await client.get("/ready")
        assert (answer.status_code, "broken/defs.yaml:6" in answer.json()["detail"]) == (404, True)
        assert (await client.post("/plants/gas_treatment/predict", json=ASKED)).status_code == 200


async def test_the_service_looks_by_itself(
    mlflow: FakeMlflow, serving_settings: ServingSettings, defs: Path
) -> None:
    here = serving_settings.model_copy(update={"defs": defs, "poll_seconds": 0.01})
    app = create_app(here, transport=mlflow)
    async with app.router.lifespan_context(app):
        write(defs, "new")
        async with asyncio.timeout(20):
            while "new" not in app.state.reconciler.slots:
                await asyncio.sleep(0.01)


def test_a_prefix_stays_with_the_plant_that_has_it(defs: Path) -> None:
    plants = PlantFolder(defs)
    plants.poll()
    write(defs, "a_first", prefix="plant_alarm_")
    assert plants.poll()
    assert list(plants.profiles) == ["gas_treatment"]
    assert plants.faults["a_first"].startswith("a_first/defs.yaml:5: attributes.registry_prefix: ")
    write(defs, "a_first", prefix="mine_")
    assert plants.poll()
    assert [*plants.profiles] == ["a_first", "gas_treatment"]


def test_a_plant_follows_the_one_that_it_extends(defs: Path) -> None:
    write(defs, "other")
    plants = PlantFolder(defs)
    plants.poll()
    parent = defs / "gas_treatment" / "defs.yaml"
    parent.write_text(parent.read_text("utf-8").replace("interval: 1h", "interval: 30m"), "utf-8")
    assert plants.poll()
    assert plants.profiles["other"].sampling.interval.total_seconds() == 1800


def test_what_did_not_change_is_not_read(defs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(defs, "one")
    write(defs, "two")
    plants = PlantFolder(defs)
    assert plants.poll()
    read: list[str] = []
    usual = plant_folder.load_profile
    monkeypatch.setattr(
        plant_folder, "load_profile", lambda name, folder: read.append(name) or usual(name, folder)
    )
    assert not plants.poll()
    write(defs, "two", "  title: Another\n")
    assert plants.poll()
    assert read == ["two"]


def test_a_folder_that_is_away_takes_no_plant_with_it(defs: Path) -> None:
    plants = PlantFolder(defs)
    plants.poll()
    away = defs.rename(defs.with_name("away"))
    assert not plants.poll()
    assert list(plants.profiles) == ["gas_treatment"]
    away.rename(defs)
    assert not plants.poll()


def test_files_of_other_components_are_no_plants_and_those_that_cannot_be_read_are_told(defs: Path) -> None:
    (defs / "shared").mkdir()
    (defs / "shared" / "defs.yaml").write_text("type: something.else\n", "utf-8")
    (defs / "odd" / "defs.yaml").mkdir(parents=True)
    (defs / "bad").mkdir()
    (defs / "bad" / "defs.yaml").write_bytes(f"type: {PLANT_TYPE}\nattributes: ".encode() + b"\xff")
    plants = PlantFolder(defs)
    plants.poll()
    assert (list(plants.profiles), list(plants.faults)) == (["gas_treatment"], ["bad", "odd"])


def test_a_plant_whose_type_is_spoilt_goes_on_and_is_told(defs: Path) -> None:
    plants, path = PlantFolder(defs), defs / "gas_treatment" / "defs.yaml"
    plants.poll()
    for spoilt in (path.read_text("utf-8").replace("components.Plant", "component.Plant", 1), ""):
        path.write_text(spoilt, "utf-8")
        assert plants.poll()
        assert list(plants.profiles) == list(plants.faults) == ["gas_treatment"]
