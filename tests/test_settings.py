"""Settings: defaults, documentation, and what is refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from plant_assets.profile.variables import KNOWN, SettingsError, variable
from plant_assets.settings import PipelineSettings, read_settings
from serving import settings as serving

ROOT = Path(__file__).parents[1]
SIDES = (read_settings, serving.read_settings)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    for side in SIDES:
        side.cache_clear()
    yield
    for side in SIDES:
        side.cache_clear()


@pytest.mark.parametrize("read", SIDES)
def test_a_misspelt_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch, read) -> None:
    monkeypatch.setenv("FOREWARN_PORT_MFLOW", "5001")
    with pytest.raises(SettingsError, match=r"FOREWARN_PORT_MFLOW: .* FOREWARN_PORT_MLFLOW"):
        read()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FOREWARN_PORT_DAGSTER", "http"),
        ("FOREWARN_PORT_DAGSTER", "70000"),
        ("FOREWARN_FEATURE_ENGINE", "abacus"),
        ("FOREWARN_MAX_DROP_MB", "0"),
        ("FOREWARN_LIVE_RETRAIN_HOURS", "0"),
        ("FOREWARN_SENSORS_SEED", "-1"),
        ("MODEL_PROMOTION_MODE", "sometimes"),
        ("MODEL_PROMOTION_METRIC", "accuracy"),
    ],
)
def test_a_wrong_value_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}: .*{value}"):
        read_settings()


@pytest.mark.parametrize(
    ("given", "meant"), [("f1_anomaly", "f1"), ("roc_auc_anomaly", "roc_auc"), ("f1", "f1")]
)
def test_promotion_metrics_go_by_their_older_names_too(
    monkeypatch: pytest.MonkeyPatch, given: str, meant: str
) -> None:
    monkeypatch.setenv("MODEL_PROMOTION_METRIC", given)
    assert read_settings().model_promotion_metric == meant


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FOREWARN_PORT_MLFLOW", "0"),
        ("FOREWARN_POLL_SECONDS", "0"),
        ("FOREWARN_MAX_BODY_MB", "much"),
        ("FOREWARN_REGISTRATION", "perhaps"),
        ("FOREWARN_LOG_LEVEL", "chatty"),
        ("FOREWARN_INFERENCE_URL", "ftp://elsewhere"),
        ("FOREWARN_ALLOWED_HOSTS", "https://forewarn.plant.example"),
        ("FOREWARN_SENSORS_URL", "plant:7500"),
        ("FOREWARN_MQTT_GROUP", "all/plants"),
        ("FOREWARN_ACCESS_TOKEN_MINUTES", "0"),
        ("FOREWARN_LOGINS_PER_MINUTE", "-1"),
        ("FOREWARN_HISTORY_ROWS", "0"),
        ("FOREWARN_REPEAT_HOURS", "-1"),
        ("FOREWARN_SHIFT_STARTS", "6:00,25:00"),
        ("TRAIN_IF_MISSING", "perhaps"),
        ("POD_NAME", "two words"),
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("NODE_NAME", "-worker"),
    ],
)
def test_serving_refuses_a_wrong_value_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}: .*{value}"):
        serving.read_settings()


def test_every_fault_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_PORT_MLFLOW", "x")
    monkeypatch.setenv("FOREWARN_MAX_DROP_MB", "y")
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert sorted(line.split(":")[0] for line in str(refused.value).splitlines()) == [
        "FOREWARN_MAX_DROP_MB",
        "FOREWARN_PORT_MLFLOW",
    ]


def test_all_state_follows_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOREWARN_HOME", str(tmp_path))
    here = read_settings()
    for place in (here.lake_root, here.state_url, here.mlflow_tracking_uri, str(here.mlflow_artifacts)):
        assert str(tmp_path) in place
    assert serving.read_settings().models_folder.is_relative_to(tmp_path)


@pytest.mark.parametrize("read", SIDES)
def test_mlflow_s_own_variable_is_read_where_ours_is_not_set(monkeypatch: pytest.MonkeyPatch, read) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.plant.example")
    assert read().mlflow_url == "http://mlflow.plant.example"
    read.cache_clear()
    monkeypatch.setenv("FOREWARN_MLFLOW_URL", "http://ours.plant.example")
    assert read().mlflow_url == "http://ours.plant.example"


@pytest.mark.parametrize("read", SIDES)
def test_folders_do_not_move_with_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOREWARN_DEFS", "~/plants")
    assert read().home == tmp_path / ".forewarn"
    assert read().defs == Path.home() / "plants"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_settings()
    for name in ("FOREWARN_HOME", "FOREWARN_PORT_MLFLOW", "FOREWARN_LAKE", "MODEL_PROMOTION_MODE"):
        monkeypatch.setenv(name, "")
    read_settings.cache_clear()
    assert read_settings() == expected


def test_nothing_listens_beyond_loopback_by_default() -> None:
    assert PipelineSettings().host == "127.0.0.1"


def test_every_setting_is_known_and_documented() -> None:
    documented = set(
        re.findall(
            r"^# ([A-Z]+[A-Z_]*)=",
            (ROOT / ".env.example").read_text(),
            re.M,
        )
    )
    fields = {
        variable(str(called))
        for side in (PipelineSettings, serving.ServingSettings)
        for name, info in side.model_fields.items()
        for called in getattr(info.validation_alias, "choices", [info.validation_alias or name])
    }
    no_service = {"FOREWARN_REAL_DATA", "FOREWARN_REQUIRE_SERVICES", "FOREWARN_GATEWAY_URL"}
    of_the_originals = {"MODEL_PROMOTION_MODE", "MODEL_PROMOTION_METRIC", "TRAIN_IF_MISSING"}
    assert (
        fields ^ KNOWN
        == of_the_originals
        | {"POD_NAME", "NODE_NAME", "MODEL_NAME", "WORKERS"}
        | {"MLFLOW_TRACKING_URI", "PROMETHEUS_MULTIPROC_DIR"}
        | no_service
    )
    assert fields <= documented
    assert {name for name in documented if name.startswith("FOREWARN_")} == KNOWN


@pytest.mark.parametrize(
    ("host", "asked", "is_open"),
    [
        ("127.0.0.1", "", True),
        ("0.0.0.0", "", False),
        ("127.0.0.1", "closed", False),
        ("0.0.0.0", "open", True),
    ],
)
def test_registration_is_open_by_itself_on_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, host: str, asked: str, is_open: bool
) -> None:
    monkeypatch.setenv("FOREWARN_HOST", host)
    monkeypatch.setenv("FOREWARN_REGISTRATION", asked)
    assert serving.read_settings().registration_open is is_open
