"""One plant's broken data touches no other: a hostile drop, a quarantine without room and a faulty YAML beside a sound plant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import dagster as dg
import pytest

from plant_assets.components.plant import plants_in
from plant_assets.defs.resources import resources
from plant_assets.ingest.history.history import PlantHistory
from plant_assets.profile.load import DEFS_FOLDER, PLANT_TYPE, load_profile
from plant_assets.resources.lake import LakeResource
from plant_assets.settings import read_settings
from plant_assets.simulation.drops import write_drop
from plant_assets.simulation.simulate import simulate

SOUND, HOSTILE, BROKEN = "sound", "hostile", "broken"
TABLES = ("raw_sensor_data", "labeled_dataset", "features")
START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE_FILES = {
    "zip.xlsx": b"PK\x03\x04" + b"\x00" * 500,
    "binary.csv": bytes(range(256)) * 20,
    "formula.csv": b"timestamp,PDT31008\n=cmd|' /C calc'!A0,1\n",
    "huge_number.csv": b"timestamp,PDT31008\n2026-01-01,1e400\n",
}


class Platform:
    """Three plants on one lake, one ledger and one run storage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        defs = folder / "defs"
        for name in (SOUND, HOSTILE, BROKEN):
            (defs / name).mkdir(parents=True)
            more = "  sampling: {interval: never}\n" if name == BROKEN else ""
            (defs / name / "defs.yaml").write_text(
                f"type: {PLANT_TYPE}\nattributes:\n  extends: gas_treatment\n  name: {name}\n"
                f"  registry_prefix: {name}_alarm_\n  models: [isolation_forest]\n  horizons: []\n{more}",
                "utf-8",
            )
        (defs / "gas_treatment").mkdir()
        text = (DEFS_FOLDER / "gas_treatment" / "defs.yaml").read_text("utf-8")
        (defs / "gas_treatment" / "defs.yaml").write_text(text, "utf-8")
        self.definitions = dg.Definitions.merge(resources(), plants_in(defs))
        self.repository = self.definitions.get_repository_def()
        self.instance = dg.DagsterInstance.ephemeral(tempdir=str(folder))
        self.lake = LakeResource.of(read_settings())
        self.profile = load_profile(SOUND, defs)

    def requests(self, plant: str) -> list[dg.RunRequest]:
        """What a plant's sensor asks for, once its files have settled."""
        sensor = self.repository.get_sensor_def(f"{plant}__drop_folder")
        with dg.build_sensor_context(
            instance=self.instance, repository_def=self.repository, resources={"lake": self.lake}
        ) as context:
            result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])

    def run(self, plant: str, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return self.definitions.resolve_job_def(f"{plant}__pipeline").execute_in_process(
            instance=self.instance,
            run_config=request.run_config,
            tags=request.tags,
            asset_selection=[dg.AssetKey([plant, table]) for table in TABLES],
            raise_on_error=False,
        )

    def traces(self, plant: str) -> dict[str, str]:
        """Every file of a plant below the lake → its content's hash; and the states of what it was dropped."""
        root = Path(read_settings().lake_root) / plant
        found = {
            str(p.relative_to(root)): sha256(p.read_bytes()).hexdigest()
            for p in root.rglob("*")
            if p.is_file()
        }
        states = {entry.path.name: entry.state for entry in self.lake.ledger().entries(plant)}
        return found | states


@pytest.fixture(scope="module")
def platform(home: Path) -> Iterator[Platform]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plant_assets.components.drop_sensor.time.sleep", lambda _: None)
        made = Platform(home)
        for name in (SOUND, HOSTILE):
            (home / "drop" / name).mkdir(parents=True)
        quarantine = read_settings().quarantine
        quarantine.mkdir(parents=True)
        (quarantine / HOSTILE).write_text("no folder, so that nothing can be put aside")
        yield made


@pytest.fixture(scope="module")
def before(platform: Platform) -> dict[str, str]:
    """The sound plant after its first drop, before the others misbehave."""
    (written,) = write_drop(
        simulate(platform.profile, START, 21, 1), "wide_csv", platform.folder / "drop" / SOUND
    )
    assert written.is_file()
    requests = platform.requests(SOUND) or platform.requests(SOUND)
    result = platform.run(SOUND, requests[0])
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations() if check.blocking)
    return platform.traces(SOUND)


@pytest.fixture(scope="module")
def misbehaved(platform: Platform, before: dict[str, str]) -> dg.ExecuteInProcessResult:
    for name, content in HOSTILE_FILES.items():
        (platform.folder / "drop" / HOSTILE / name).write_bytes(content)
    requests = platform.requests(HOSTILE) or platform.requests(HOSTILE)
    return platform.run(HOSTILE, requests[0])


def test_each_plant_has_keys_folders_and_names_of_its_own(platform: Platform) -> None:
    keys = platform.repository.asset_graph.get_all_asset_keys()
    plants = {key.path[0] for key in keys}
    assert plants == {SOUND, HOSTILE, BROKEN, "gas_treatment"}
    assert {key.path[1] for key in keys if key.path[0] == BROKEN} == {"faulty_profile"}
    graph = platform.repository.asset_graph
    assert all(parent.path[0] == key.path[0] for key in keys for parent in graph.get(key).parent_keys)
    assert len({platform.lake.drop_folder(plant) for plant in plants}) == len(plants)
    assert len({platform.lake.quarantine_folder(plant) for plant in plants}) == len(plants)


def test_a_hostile_drop_fails_its_own_run_alone(
    platform: Platform, before: dict[str, str], misbehaved: dg.ExecuteInProcessResult
) -> None:
    assert not misbehaved.success
    assert platform.traces(SOUND) == before
    assert PlantHistory(read_settings().lake_root, HOSTILE).read().is_empty()
    assert (read_settings().quarantine / SOUND).exists() is False


def test_the_sound_plant_goes_on_beside_it(
    platform: Platform, before: dict[str, str], misbehaved: dg.ExecuteInProcessResult
) -> None:
    assert not misbehaved.success
    rows = PlantHistory(read_settings().lake_root, SOUND).read().height
    later = simulate(platform.profile, START + timedelta(days=21), 3, 2)
    (written,) = write_drop(later, "wide_csv", platform.folder)
    written.rename(platform.folder / "drop" / SOUND / "later.csv")
    requests = platform.requests(SOUND) or platform.requests(SOUND)
    (request,) = requests
    files = request.run_config["ops"][f"{SOUND}__raw_sensor_data"]["config"]["files"]
    assert [Path(file).name for file in files] == ["later.csv"]
    result = platform.run(SOUND, request)
    assert result.success
    assert PlantHistory(read_settings().lake_root, SOUND).read().height > rows
    assert all(check.passed for check in result.get_asset_check_evaluations() if check.blocking)
