"""Plant time: no drift, no flood after a pause, and a speed that can change."""

import math

import pytest

from serving.sensors.clock import MOST_BEHIND, SHORTEST_WAIT_S, PlantClock


class Wall:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_rows_are_due_by_the_speed(wall):
    clock = PlantClock(0.5, 1.0, 672, wall)
    assert clock.wait_s(672) == pytest.approx(2.0)
    wall.now += 0.5
    assert clock.wait_s(672) == pytest.approx(1.5)
    assert PlantClock(0.5, 0.25, 0, wall).wait_s(0) == pytest.approx(0.5)


def test_late_rows_do_not_add_up(wall):
    clock = PlantClock(0.5, 1.0, 0, wall)
    for position in range(1000):
        wall.now += clock.wait_s(position) + 0.3  # each is completed late
    assert wall.now - 100.0 == pytest.approx(2000, abs=1)


def test_after_a_pause_a_bounded_number_of_rows_is_made_up_for_one_by_one(wall):
    clock, position = PlantClock(0.5, 1.0, 0, wall), 0
    wall.now += 24 * 3600
    waits = []
    while (wait := clock.wait_s(position)) == SHORTEST_WAIT_S:
        waits.append(wait)
        position += 1
    assert len(waits) == MOST_BEHIND
    assert 0 < clock.wait_s(position) <= 2.0


def test_a_new_speed_holds_from_now_on(wall):
    clock = PlantClock(1.0, 1.0, 0, wall)
    wall.now += 0.5
    clock.speed = 10.0
    assert clock.elapsed == pytest.approx(0.5)
    assert clock.wait_s(0) == pytest.approx(0.05)


def test_a_plant_that_stands_still_waits_for_ever_and_goes_on_where_it_was(wall):
    clock = PlantClock(1.0, 1.0, 0, wall)
    wall.now += 0.25
    clock.speed = 0
    assert clock.wait_s(0) == math.inf
    wall.now += 1e6
    clock.speed = 1.0
    assert clock.wait_s(0) == pytest.approx(0.75)
