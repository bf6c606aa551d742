"""Faults of a replay: what each does to records, and that the same seed does the same."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.live.readings import RawReading
from serving.live.replay.faults import FAULTS, LATE_INTERVALS, SWAP_INTERVALS, FaultKind, SiteFaults

INTERVAL_US = 3_600_000_000
READINGS = [RawReading(name, hour * INTERVAL_US, float(hour)) for hour in range(4000) for name in ("A", "B")]


def sent(*kinds: FaultKind, seed: int = 1) -> tuple[list[RawReading], SiteFaults]:
    faults = SiteFaults(kinds, seed, INTERVAL_US)
    return [timed.reading for timed in faults.apply(READINGS)], faults


def test_without_faults_records_pass_as_they_are() -> None:
    found, faults = sent()
    assert found == READINGS
    assert not faults.breaks_message()
    assert faults.counts.total() == 0


@pytest.mark.parametrize("kind", FAULTS)
def test_a_seed_makes_the_same_faults_whatever_others_there_are(kind: FaultKind) -> None:
    (first, _), (again, _), (other, _) = sent(kind), sent(kind), sent(kind, seed=2)
    assert first == again
    assert kind == "bad_json" or first != other
    _, alone = sent(kind)
    _, among = sent(*FAULTS)
    if kind == "gaps":
        assert alone.counts["gaps"] == among.counts["gaps"]


def test_gaps_leave_stretches_of_a_tag_out() -> None:
    found, faults = sent("gaps")
    missing = Counter(READINGS) - Counter(found)
    assert missing.total() == faults.counts["gaps"] > 0
    assert len(found) + missing.total() == len(READINGS)
    hours = sorted(reading.time_us // INTERVAL_US for reading in missing if reading.name == "A")
    assert sum(later - earlier == 1 for earlier, later in pairwise(hours)) > len(hours) // 2


def test_duplicates_come_again_at_once() -> None:
    found, faults = sent("duplicates")
    twice = [reading for reading, times in Counter(found).items() if times == 2]
    assert len(twice) == faults.counts["duplicates"] > 0
    assert set(found) == set(READINGS)


@pytest.mark.parametrize(("kind", "span"), [("late", LATE_INTERVALS), ("out_of_order", SWAP_INTERVALS)])
def test_delayed_records_all_come_but_later(kind: FaultKind, span: tuple[float, float]) -> None:
    faults = SiteFaults([kind], 1, INTERVAL_US)
    timed = list(faults.apply(READINGS))
    assert Counter(one.reading for one in timed) == Counter(READINGS)
    delays = [(one.at_us - one.reading.time_us) / INTERVAL_US for one in timed]
    assert sum(delay > 0 for delay in delays) == faults.counts[kind] > 0
    assert max(delays) <= span[1]
    assert [one.at_us for one in timed] == sorted(one.at_us for one in timed)


def test_frozen_tags_repeat_their_last_value() -> None:
    found, faults = sent("frozen")
    changed = [(was, now) for was, now in zip(READINGS, found, strict=True) if was != now]
    assert len(changed) == faults.counts["frozen"] > 0
    assert all(was.time_us == now.time_us and was.name == now.name for was, now in changed)
    assert all(now.value < was.value for was, now in changed)


def test_broken_messages_come_now_and_then() -> None:
    faults = SiteFaults(["bad_json"], 1, INTERVAL_US)
    assert 10 < sum(faults.breaks_message() for _ in range(1000)) < 200


@settings(max_examples=20)
@given(kinds=st.sets(st.sampled_from(["duplicates", "late", "out_of_order"])), seed=st.integers(0, 99))
def test_of_faults_that_lose_nothing_every_record_comes(kinds: set[FaultKind], seed: int) -> None:
    faults = SiteFaults(kinds, seed, INTERVAL_US)
    assert {timed.reading for timed in faults.apply(READINGS[:500])} == set(READINGS[:500])
