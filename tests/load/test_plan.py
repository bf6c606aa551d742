"""When requests are due, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.load.plan import MOST_REQUESTS, LoadError, LoadPlan

rates = st.floats(0.01, 10_000)
spans = st.floats(0.01, 900)


@given(rates, spans)
def test_requests_are_due_at_even_steps_and_all_before_the_end(rps: float, duration: float) -> None:
    plan = LoadPlan(rps, duration)
    last = plan.due_s(plan.requests - 1)
    assert plan.due_s(0) == 0
    assert last < duration + 1e-6
    assert plan.due_s(plan.requests) >= duration - 1e-6 / rps - 1e-9, "one more would have been due"
    assert all(
        math.isclose(plan.due_s(n + 1) - plan.due_s(n), 1 / rps, rel_tol=1e-6)
        for n in range(min(plan.requests, 50))
    )


@given(rates, spans, st.floats(-1, 1000))
def test_what_is_due_by_a_moment_is_what_has_its_time_before_it(
    rps: float, duration: float, at: float
) -> None:
    plan = LoadPlan(rps, duration)
    due = plan.due_by(at)
    assert due == 0 or plan.due_s(due - 1) <= at + 1e-9
    assert due == plan.requests or plan.due_s(due) > at - 1e-9


@pytest.mark.parametrize(
    ("rps", "duration", "count"), [(0.1, 30, 3), (1000, 60, 60_000), (3, 0.1, 1), (50, 1.5, 75)]
)
def test_counts_are_those_that_people_expect(rps: float, duration: float, count: int) -> None:
    assert LoadPlan(rps, duration).requests == count


@pytest.mark.parametrize(
    ("given_figures", "says"),
    [
        ({"rps": 0}, "rps: expected 0.01 to 50,000, got 0"),
        ({"rps": math.nan}, "rps: expected 0.01 to 50,000, got nan"),
        ({"rps": math.inf}, "rps: expected 0.01 to 50,000, got inf"),
        ({"duration_s": -1}, "duration: expected 0.01 to 86,400, got -1"),
        ({"batch_size": 0}, "batch-size: expected 1 to 10,000, got 0"),
        ({"workers": 501}, "workers: expected 1 to 500, got 501"),
        ({"anomaly_rate": 1.01}, "anomaly-rate: expected 0 to 1, got 1.01"),
        ({"timeout_s": 0}, "timeout: expected 0.01 to 600, got 0"),
        ({"duration_s": 86_400, "rps": 1000}, f"rps × duration: expected at most {MOST_REQUESTS:,} requests"),
    ],
)
def test_a_figure_out_of_bounds_is_refused_by_name(given_figures: dict[str, float], says: str) -> None:
    with pytest.raises(LoadError) as refused:
        LoadPlan(**{"rps": 50, "duration_s": 1, **given_figures})
    assert says in str(refused.value)
