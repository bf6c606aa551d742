import pytest

from plant_assets.profile.model import PlantProfile
from serving.inference.rows.names import NamedColumn, NameIndex


@pytest.fixture
def names(profile: PlantProfile) -> NameIndex:
    """Columns LT301031 and its hourly spread; LT301031 goes by LEVEL too."""
    tags = [
        tag.model_copy(update={"aliases": ("LEVEL",)}) if tag.name == "LT301031" else tag
        for tag in profile.tags
    ]
    plant = profile.model_copy(
        update={"tags": tuple(tags), "ignored_columns": ("*_roll*", "Note", "*_deviation_max")}
    )
    return NameIndex(plant, ["LT301031", "LT301031_std_3h"], ["time"])


@pytest.mark.parametrize("name", ["LT301031", "lt301031", "level", "LEVEL"])
def test_a_tag_is_found_in_any_case_and_by_its_alias(
    names: NameIndex, profile: PlantProfile, name: str
) -> None:
    assert names.find(name) == NamedColumn("LT301031", 0, *profile.tag("LT301031").range)


def test_a_computed_column_has_the_range_that_follows_from_its_tag_s(
    names: NameIndex, profile: PlantProfile
) -> None:
    low, high = profile.tag("LT301031").range
    found = names.find("lt301031_STD_3h")
    assert found is not None
    assert found[:2] == ("LT301031_std_3h", 1)
    assert (found.low, found.high) == pytest.approx((0, high - low), abs=1e-3)


def test_a_tag_without_a_column_is_known(names: NameIndex) -> None:
    found = names.find("pdt31008")
    assert found is not None
    assert (found.name, found.column) == ("PDT31008", None)


@pytest.mark.parametrize("name", ["nOTE", "LT301031_roll3h_mean", "lic31002_deviation_max"])
def test_an_ignored_column_keeps_its_name(names: NameIndex, name: str) -> None:
    assert names.find(name) == NamedColumn(name)


@pytest.mark.parametrize("name", ["LT30131_roll3h_mean", "x_deviation_max", "_roll", "Notes", "LT301031_rol"])
def test_a_pattern_of_ignored_columns_takes_no_mistyped_tag(names: NameIndex, name: str) -> None:
    assert names.find(name) is None


def test_the_time_carries_no_value(names: NameIndex) -> None:
    assert names.find("TIME") == NamedColumn("")


def test_unknown_names_are_refused_with_the_nearest_alias_or_tag(names: NameIndex) -> None:
    assert names.find("LEVELS") is None
    problem = names.refuse(["LEVELS", "zzzzzzzz"], "readings.3")
    assert problem.detail.startswith("readings.3: gas_treatment has no 'LEVELS'; did you mean LT301031?")
    assert problem.members == {
        "unknown": ["LEVELS", "zzzzzzzz"],
        "nearest": {"LEVELS": "LT301031", "zzzzzzzz": None},
    }


def test_of_many_unknown_names_the_first_get_a_nearest_one(names: NameIndex) -> None:
    problem = names.refuse([f"LEVELS{i}" for i in range(30)], "features")
    assert len(problem.members["unknown"]) == 20  # type: ignore[arg-type]
    assert [*problem.members["nearest"]] == [f"LEVELS{i}" for i in range(5)]  # type: ignore[misc]
