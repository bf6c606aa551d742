from plant_assets.explain.explainer import TagOwners
from plant_assets.profile.model import PlantProfile


def test_features_windows_and_extremes_belong_to_their_tag(profile: PlantProfile) -> None:
    owners = TagOwners(profile)
    names = ("PDT31008", "PDT31008_std_3h", "PDT31008_t-11", "PDT31008_max", "PDT31008_rise_2h")
    assert {owners.of(name) for name in names} == {"PDT31008"}
    assert owners.of("LIC31002_PV_mean_3h") == "LIC31002_PV"
    assert owners.of("LIC31002_deviation_t-3") == owners.of("LIC31002_deviation") == "LIC31002"


def test_of_two_tags_that_begin_alike_the_longer_is_meant(profile: PlantProfile) -> None:
    tag = profile.tag("PDT31008")
    longer = tag.model_copy(update={"name": "PDT31008_B", "aggregates": ()})
    owners = TagOwners(profile.model_copy(update={"tags": (*profile.tags, longer)}))
    assert owners.of("PDT31008_B_std_3h") == "PDT31008_B"
    assert owners.of("PDT31008_std_3h") == "PDT31008"


def test_what_no_tag_is_known_of_stands_for_itself(profile: PlantProfile) -> None:
    assert TagOwners(profile).of("failure_frequency_48") == "failure_frequency_48"
    assert TagOwners(profile).of("PDT310081_std_3h") == "PDT310081_std_3h"
