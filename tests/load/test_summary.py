"""Figures of what was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant_assets.load.plan import LoadPlan
from plant_assets.load.recorder import MOST_NAMES, OTHER, UNNAMED, LoadRecorder
from plant_assets.load.summary import LatencySpread, summarize

PLAN = LoadPlan(100, 1)
times = st.lists(st.floats(0, 100), min_size=1, max_size=400)


@given(times)
def test_a_percentile_is_the_smallest_time_that_its_share_does_not_exceed(seconds: list[float]) -> None:
    spread = LatencySpread.of(seconds)
    assert spread is not None
    sent = np.array(seconds) * 1e3
    for share, found in ((0.5, spread.p50), (0.95, spread.p95), (0.99, spread.p99)):
        assert found in sent
        assert np.mean(sent <= found) >= share - 1e-12
        assert np.mean(sent < found) < share
    assert spread.p50 <= spread.p95 <= spread.p99 <= spread.max == sent.max()
    assert spread.mean == pytest.approx(sent.mean())


@given(times, st.randoms())
def test_the_order_of_answers_does_not_matter(seconds: list[float], random) -> None:
    mixed = random.sample(seconds, len(seconds))
    a, b = LatencySpread.of(seconds), LatencySpread.of(mixed)
    assert a is not None
    assert b is not None
    assert (a.p50, a.p95, a.p99, a.max) == (b.p50, b.p95, b.p99, b.max)


def test_no_times_have_no_spread() -> None:
    assert LatencySpread.of([]) is None


def test_what_was_given_up_counts_among_waits_and_what_failed_at_once_does_not() -> None:
    recorder = LoadRecorder(started=10.0, ended=12.0)
    for _ in range(98):
        recorder.record_success(0.001, "a.111111")
    recorder.record_failure("timeout", 10.0)
    recorder.record_failure("timeout", 10.0)
    recorder.record_failure("503 A model is missing", None)
    summary = summarize(recorder, PLAN)
    assert summary.errors == {"timeout": 2, "503 A model is missing": 1}
    assert summary.failed == 3
    assert summary.achieved_rps == 49
    assert summary.latency_ms is not None
    assert (summary.latency_ms.count, summary.latency_ms.p95, summary.latency_ms.p99) == (100, 1.0, 10_000.0)
    (instance,) = summary.instances
    assert instance.latency_ms is not None
    assert (instance.name, instance.answers, instance.latency_ms.max) == ("a.111111", 98, 1.0)


def test_each_instance_has_figures_of_its_own() -> None:
    recorder = LoadRecorder(ended=1.0)
    for wait, name in ((0.001, "a"), (0.003, "b"), (0.002, "a"), (0.004, "")):
        recorder.record_success(wait, name)
    found = {
        i.name: (i.answers, i.latency_ms.max if i.latency_ms else 0)
        for i in summarize(recorder, PLAN).instances
    }
    assert found == {"a": (2, 2.0), "b": (1, 3.0), UNNAMED: (1, 4.0)}


def test_a_server_with_many_names_fills_no_memory() -> None:
    recorder = LoadRecorder(ended=1.0)
    for number in range(1000):
        recorder.record_success(0.001, f"instance-{number}")
        recorder.record_failure(f"500 {number}", None)
    summary = summarize(recorder, PLAN)
    assert summary.succeeded == summary.failed == 1000
    assert len(summary.instances) == len(summary.errors) == MOST_NAMES + 1
    assert summary.errors[OTHER] == 1000 - MOST_NAMES


@pytest.mark.parametrize(
    ("after_s", "own_s", "late", "itself", "says"),
    [
        (0.009, 0.009, 0, 0, None),
        (0.5, 0.5, 5, 5, "late by this tool itself"),
        (0.5, 0.0, 5, 0, "had to wait for a free worker"),
    ],
)
def test_who_is_to_blame_for_lateness_is_told(
    after_s: float, own_s: float, late: int, itself: int, says: str | None
) -> None:
    recorder = LoadRecorder(ended=1.0)
    for _ in range(5):
        recorder.record_sent(after_s, own_s)
    summary = summarize(recorder, PLAN)
    assert (summary.late, summary.late_itself) == (late, itself)
    assert [says in remark for remark in summary.remarks] == ([True] if says else [])


def test_a_tool_at_its_limit_says_so() -> None:
    (remark,) = summarize(LoadRecorder(ended=10.0, own_s=9.5), PLAN).remarks
    assert "95% of a core" in remark
