"""Headers of exports, and the tag's names that they become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from plant_assets.draft.titles import tag_names
from plant_assets.features.rules import reads_as_name
from plant_assets.profile.tag import TagName

NAME = TypeAdapter(TagName)


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (["Volume Flow RateRMS", "T-in"], ["Volume_Flow_RateRMS", "T_in"]),
        ([r"\\SRV\PDT31008", r"\\SRV\TE301020"], ["PDT31008", "TE301020"]),
        (["ns=2;s=FT101", "nsu=urn:plant;s=PT102"], ["FT101", "PT102"]),
        ([r"A\speed", r"B\speed"], ["A_speed", "B_speed"]),
        (["1st stage", "%"], ["tag_1st_stage", "tag_2"]),
        (["Öl-Druck", "温度"], ["Oel_Druck", "tag_2"]),
        (["P 1", "P.1", "p-1"], ["P_1", "P_1_2", "p_1_3"]),
        (["Time [s]", "time_"], ["Time_tag", "time_tag_2"]),
        (["null", "Limit", "select"], ["null_tag", "Limit_tag", "select_tag"]),
        (["timestamp", "X_deviation", "T_mean_3h"], ["timestamp_tag", "X_deviation_tag", "T_mean_3h_tag"]),
    ],
)
def test_names_are_valid_and_keep_what_can_be_kept(titles: list[str], names: list[str]) -> None:
    assert list(tag_names(titles).values()) == names


@given(st.lists(st.text(max_size=90), max_size=12))
def test_any_titles_get_valid_names_of_their_own(titles: list[str]) -> None:
    names = tag_names(titles)
    assert len({name.casefold() for name in names.values()}) == len(names) == len(set(titles))
    for name in names.values():
        NAME.validate_python(name)
        assert reads_as_name(name)
