"""GET /plants: what profiles say, and what inference knows of their models."""

import json

import pytest
from fastapi import Response

from plant_assets.profile.load import load_profile
from serving.settings import ServingSettings
from tests.serving.gateway.fakes import problem
from tests.serving.gateway.site import Site, running_site
from tests.serving.sensors.conftest import OTHER_YAML

pytestmark = pytest.mark.anyio
DEMO = load_profile("demo")


def as_json(document: dict) -> Response:
    return Response(json.dumps(document), media_type="application/json")


def knows_demo(site: Site, *models: dict) -> None:
    demo = {"name": "demo", "title": "t", "default": True, "ready": True, "fault": "", "models": list(models)}
    site.inference.instead["plants"] = as_json({"plants": [demo], "left_out": []})


async def plants(site: Site) -> dict:
    viewer = await site.member("vera")
    answer = await viewer.client.get("/plants")
    assert answer.status_code == 200
    return answer.json()


async def test_a_plant_is_shown_as_its_profile_says(site: Site) -> None:
    knows_demo(site)
    shown = {plant["name"]: plant for plant in (await plants(site))["plants"]}
    assert shown.keys() == {"demo", "gas_treatment", "power_grid"}
    demo = shown["demo"]
    assert (demo["title"], demo["simulated"], demo["live"]) == (DEMO.title, True, True)
    assert (shown["gas_treatment"]["simulated"], shown["gas_treatment"]["live"]) == (False, False)
    assert (demo["timezone"], demo["interval_s"]) == (DEMO.timezone, 3600)
    assert demo["process_units"] == ["D304", "D301"]
    tags = {tag["name"]: tag for tag in demo["tags"]}
    assert list(tags) == DEMO.tag_names
    assert tags["PDT31008"]["limits"] == {"LL": None, "L": 100, "H": 280, "HH": 300}
    assert [rule["name"] for rule in demo["alarm_rules"]] == [rule.name for rule in DEMO.labels.alarm_rules]


async def test_each_horizon_has_the_version_and_threshold_of_its_model(site: Site) -> None:
    champion = {"name": "demo_alarm_champion", "version": 7, "threshold": 0.4, "aliases": ["champion"]}
    knows_demo(site, champion, {"name": "demo_alarm_forecaster_3h", "version": None, "threshold": None})
    answer = await plants(site)
    demo = next(plant for plant in answer["plants"] if plant["name"] == "demo")
    assert [horizon["hours"] for horizon in demo["horizons"]] == [0, 1, 3, 6]
    assert demo["horizons"][0] == {"hours": 0, "model": "demo_alarm_champion", "version": 7, "threshold": 0.4}
    assert demo["horizons"][2]["version"] is None
    assert (demo["default"], demo["ready"], answer["missing"]) == (True, True, "")
    grid = next(plant for plant in answer["plants"] if plant["name"] == "power_grid")
    assert [(h["hours"], h["model"]) for h in grid["horizons"]] == [(0, "power_grid_isolation_forest")]
    other = next(plant for plant in answer["plants"] if plant["name"] == "gas_treatment")
    assert (other["default"], other["ready"]) == (None, None)


async def test_now_is_the_model_that_inference_answers_with(site: Site) -> None:
    chosen = {"name": "demo_alarm_rf_soft_alarm", "version": 2, "threshold": 0.3}
    demo = {"name": "demo", "default": True, "ready": True, "models": [chosen], "answering": chosen["name"]}
    site.inference.instead["plants"] = as_json({"plants": [demo]})
    shown = next(plant for plant in (await plants(site))["plants"] if plant["name"] == "demo")
    now = {"hours": 0, "model": chosen["name"], "version": 2, "threshold": 0.3}
    assert shown["horizons"][0] == now


@pytest.mark.parametrize("fault", ["away", "refuses", "nonsense"])
async def test_without_inference_the_profiles_are_shown_and_what_is_missing(site: Site, fault: str) -> None:
    if fault == "away":
        site.network.services.clear()
    elif fault == "refuses":
        site.inference.instead["plants"] = problem(503, "not-ready", "no models yet")
    else:
        site.inference.instead["plants"] = as_json({"plants": [{"name": 5}]})
    answer = await plants(site)
    assert answer["missing"]
    assert [plant["name"] for plant in answer["plants"]] == ["demo", "gas_treatment", "power_grid"]
    assert {plant["ready"] for plant in answer["plants"]} == {None}
    assert {h["threshold"] for plant in answer["plants"] for h in plant["horizons"]} == {None}


async def test_a_plant_without_forecasters_has_no_horizon_but_now_and_one_at_fault_is_left_out(
    tmp_path,
) -> None:
    for name, text in (("other", OTHER_YAML.replace("NAME", "other")), ("broken", OTHER_YAML)):
        (tmp_path / "defs" / name).mkdir(parents=True)
        (tmp_path / "defs" / name / "defs.yaml").write_text(text)
    here = ServingSettings(home=tmp_path / "home", defs=tmp_path / "defs")
    async with running_site(here) as site:
        (other,) = (await plants(site))["plants"]
    assert (other["name"], other["alarm_rules"]) == ("other", [])
    assert [(h["hours"], h["model"]) for h in other["horizons"]] == [(0, "other_isolation_forest")]


async def test_plants_come_change_and_go_without_a_restart_and_faults_are_told_by_line(tmp_path) -> None:
    defs = tmp_path / "defs"

    def write(name: str, text: str) -> None:
        text = text.replace("other_", f"{name}_")
        (defs / name).mkdir(parents=True, exist_ok=True)
        (defs / name / "defs.yaml").write_text(text)

    write("one", OTHER_YAML.replace("NAME", "one"))
    here = ServingSettings(home=tmp_path / "home", defs=defs)
    async with running_site(here) as site:
        viewer = await site.member("vera")

        async def shown() -> dict:
            answer = (await viewer.client.get("/plants")).json()
            found = {plant["name"]: plant for plant in answer["plants"]}
            return found | {"left out": {one["name"]: one["fault"] for one in answer["left_out"]}}

        assert (await shown()).keys() == {"one", "left out"}
        write("two", OTHER_YAML.replace("NAME", "two"))
        assert (await shown())["two"]["fault"] == ""
        write("two", OTHER_YAML.replace("NAME", "two").replace("budget:", "budgett:"))
        assert (await shown())["two"]["fault"].startswith("two/defs.yaml:")
        write("three", "type: plant_assets.components.Plant\nattributes: [\n")
        assert (await shown())["left out"]["three"].startswith("three/defs.yaml:")
        (defs / "two" / "defs.yaml").unlink()
        assert (await shown()).keys() == {"one", "left out"}


async def test_faults_that_inference_alone_sees_are_told(site: Site) -> None:
    knows_demo(site)
    site.inference.instead["plants"] = as_json(
        {
            "plants": [],
            "left_out": [{"name": "demo", "fault": "demo/defs.yaml:7: attributes.labels: no rule"}],
        }
    )
    demo = next(plant for plant in (await plants(site))["plants"] if plant["name"] == "demo")
    assert (demo["fault"], demo["ready"]) == ("demo/defs.yaml:7: attributes.labels: no rule", None)


async def test_any_number_of_plants_takes_one_request(site: Site) -> None:
    knows_demo(site)
    await plants(site)
    assert [path for path, _ in site.inference.asked] == ["/plants"]


async def test_plants_that_receive_readings_are_live(site: Site) -> None:
    async def live() -> list[str]:
        plants = (await maria.client.get("/plants")).json()["plants"]
        return [plant["name"] for plant in plants if plant["live"]]

    maria, port = await site.member("maria"), site.gateway.settings.port_live
    away = site.network.services.pop(port)
    assert await live() == []
    site.network.services[port] = away
    assert await live() == ["demo"]
    site.live.receiving = ("demo", "gas_treatment")
    assert await live() == ["demo", "gas_treatment"]
