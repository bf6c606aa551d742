"""What is sent, and what answers say."""

import orjson
import pytest

from plant_assets.load.plan import LoadPlan
from plant_assets.load.request_pool import InvalidAnswerError, request_pool
from plant_assets.profile.model import PlantProfile


def each_reading(profile: PlantProfile) -> PlantProfile:
    return profile.model_copy(update={"judges": "each_reading"})


@pytest.mark.parametrize(
    ("batch", "path", "key"), [(1, "/predict", "features"), (7, "/predict/batch", "rows")]
)
def test_a_plant_that_judges_its_newest_row_is_asked_by_features(
    profile: PlantProfile, batch: int, path: str, key: str
) -> None:
    pool = request_pool(profile, LoadPlan(10, 10, batch_size=batch))
    (rows,) = orjson.loads(pool.body(3).content).values()
    assert pool.kind.path == path
    assert list(orjson.loads(pool.body(3).content)) == [key]
    assert list(rows if batch == 1 else rows[0]) == profile.tag_names


def test_a_plant_that_judges_each_reading_gets_a_batch_in_one_request(profile: PlantProfile) -> None:
    pool = request_pool(each_reading(profile), LoadPlan(10, 10, batch_size=7))
    assert pool.kind.path == "/predict"
    assert len(orjson.loads(pool.body(0).content)["readings"]) == 7


@pytest.mark.parametrize(("requests", "batch"), [(1, 1), (50, 10_000), (100_000, 1), (100_000, 1000)])
def test_bodies_are_few_whole_and_the_same_each_time(
    profile: PlantProfile, requests: int, batch: int
) -> None:
    plan = LoadPlan(100, requests / 100, batch_size=batch, anomaly_rate=0.2)
    pool = request_pool(profile, plan)
    assert len(pool.bodies) <= min(requests, 2_000)
    assert pool == request_pool(profile, plan)
    injected = sum(len(body.injected) for body in pool.bodies)
    assert injected == max(1, round(0.2 * batch * len(pool.bodies)))


@pytest.mark.parametrize(
    ("batch", "single", "answer"),
    [
        (1, False, {"alarm": True}),
        (1, False, {"alarm": 1}),
        (3, False, {"alarm": [0, 1, None]}),
        (3, False, {"alarm": [False, True, None]}),
        (3, True, {"predictions": [{"anomaly": False}, {"anomaly": True}, {"anomaly": False}]}),
    ],
)
def test_answers_are_held_against_what_was_injected(
    profile: PlantProfile, batch: int, single: bool, answer: dict[str, object]
) -> None:
    plant = each_reading(profile) if single else profile
    pool = request_pool(plant, LoadPlan(1, 1, batch_size=batch, anomaly_rate=1))
    checked = pool.check(orjson.dumps(answer), pool.body(0), batch)
    assert (checked.found, checked.hits) == (1, 1)
    none_injected = request_pool(plant, LoadPlan(1, 1, batch_size=batch))
    assert none_injected.check(orjson.dumps(answer), none_injected.body(0), batch).hits == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "unexpected schema"),
        (b"<html>", "unexpected schema"),
        (b"[]", "unexpected schema"),
        (b'{"risk_score": 0.1}', "unexpected schema"),
        (b'{"alarm": true}', "unexpected schema"),
        (b'{"alarm": [true]}', "1 scores for 2 readings"),
    ],
)
def test_an_answer_of_another_shape_is_none(profile: PlantProfile, content: bytes, says: str) -> None:
    pool = request_pool(profile, LoadPlan(1, 1, batch_size=2))
    with pytest.raises(InvalidAnswerError, match=says):
        pool.check(content, pool.body(0), 2)


@pytest.mark.parametrize(
    "content", [b'{"predictions": 3}', b'{"predictions": [{"score": 1}]}', b'{"predictions": {}}']
)
def test_an_answer_without_judgements_is_none(profile: PlantProfile, content: bytes) -> None:
    pool = request_pool(each_reading(profile), LoadPlan(1, 1))
    with pytest.raises(InvalidAnswerError):
        pool.check(content, pool.body(0), 1)
