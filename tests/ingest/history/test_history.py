import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from filelock import FileLock
from polars.testing import assert_frame_equal

from plant_assets.ingest.history import delta, history
from plant_assets.ingest.history.history import PlantHistory, UpsertResult
from plant_assets.ingest.records import PERIOD_SCHEMA, RECORD_SCHEMA
from plant_assets.ingest.storage import StorageBusyError, StorageError
from plant_assets.profile.private_folder import private_folder
from tests.ingest.events import SHA_A, SHA_B, SHA_C, START, drop_of, minutes, records_of

DAY = 60 * 24.0


@pytest.fixture
def lake(tmp_path: Path) -> PlantHistory:
    return PlantHistory(tmp_path / "a lake", "small")


def files_of_month(lake: PlantHistory, month: str) -> set[str]:
    return {path.name for path in Path(lake.url).glob(f"history/month={month}/*.parquet")}


def values(lake: PlantHistory) -> dict[tuple[datetime, str], float]:
    return {
        (at, tag): value for at, tag, value in lake.read().select("timestamp", "tag", "value").iter_rows()
    }


def test_records_come_back_by_tag_and_time_with_file_and_row(lake: PlantHistory) -> None:
    records = records_of([(DAY, "P", 2.0), (0, "P", 1.0), (5, "L", 3.0)])
    result = lake.upsert(records, drop_of(SHA_A))
    assert (result.committed, result.added, result.changed, result.months) == (
        True,
        3,
        0,
        ("2015-01", "2015-02"),
    )
    assert lake.read().schema == RECORD_SCHEMA
    assert_frame_equal(lake.read(), records.sort("tag", "timestamp"))


def test_an_unwritten_history_is_empty(lake: PlantHistory) -> None:
    assert lake.read().schema == RECORD_SCHEMA
    assert lake.read().is_empty()
    assert lake.periods().schema == PERIOD_SCHEMA
    assert lake.drops() == []
    assert not lake.knows(SHA_A)


def test_the_same_drop_twice_is_one_ingest(lake: PlantHistory) -> None:
    records = records_of([(0, "P", 1.0)])
    first = lake.upsert(records, drop_of(SHA_A))
    again = lake.upsert(records, drop_of(SHA_A))
    assert (again.committed, again.version, again.known_files) == (False, first.version, (SHA_A,))


def test_a_repeated_file_does_not_undo_what_came_after_it(lake: PlantHistory) -> None:
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    lake.upsert(records_of([(0, "P", 2.0)], SHA_B), drop_of(SHA_B))
    both = pl.concat([records_of([(0, "P", 1.0)]), records_of([(60, "P", 3.0)], SHA_C)])
    result = lake.upsert(both, drop_of(SHA_A, SHA_C))
    assert result.known_files == (SHA_A,)
    assert values(lake) == {(START, "P"): 2.0, (minutes(60), "P"): 3.0}


def test_a_forced_repeat_takes_the_file_in_again(lake: PlantHistory) -> None:
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    lake.upsert(records_of([(0, "P", 1.0), (0, "L", 5.0)]), drop_of(SHA_A), force=True)
    assert values(lake) == {(START, "P"): 1.0, (START, "L"): 5.0}


def test_overlapping_drops_the_later_one_wins_and_the_counts_tell(lake: PlantHistory) -> None:
    lake.upsert(records_of([(0, "P", 1.0), (60, "P", 2.0), (120, "P", 3.0)]), drop_of(SHA_A))
    result = lake.upsert(
        records_of([(60, "P", 2.0), (120, "P", 9.0), (180, "P", 4.0)], SHA_B), drop_of(SHA_B)
    )
    assert (result.added, result.changed, result.unchanged) == (1, 1, 1)
    assert list(values(lake).values()) == [1.0, 2.0, 9.0, 4.0]
    assert lake.read()["file"].to_list() == [SHA_A, SHA_B, SHA_B, SHA_B]


def test_within_a_drop_the_last_record_of_a_time_and_tag_wins(lake: PlantHistory) -> None:
    result = lake.upsert(records_of([(0, "P", 1.0), (0, "P", 2.0)]), drop_of(SHA_A))
    assert result.added == 1
    assert list(values(lake).values()) == [2.0]


def test_a_drop_over_several_months_is_one_version(lake: PlantHistory) -> None:
    first = lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    second = lake.upsert(records_of([(DAY * 30 * i, "P", 1.0) for i in range(4)], SHA_B), drop_of(SHA_B))
    assert second.version == first.version + 1
    assert len(second.months) == 4


def test_only_touched_months_are_rewritten(lake: PlantHistory) -> None:
    lake.upsert(records_of([(0, "P", 1.0), (DAY, "P", 1.0)]), drop_of(SHA_A))
    january, february = files_of_month(lake, "2015-01"), files_of_month(lake, "2015-02")
    lake.upsert(records_of([(DAY, "P", 2.0)], SHA_B), drop_of(SHA_B))
    assert files_of_month(lake, "2015-01") == january
    assert files_of_month(lake, "2015-02") > february


def test_reading_a_stretch_includes_its_start_and_not_its_end(lake: PlantHistory) -> None:
    lake.upsert(records_of([(DAY * i, "P", float(i)) for i in range(4)]), drop_of(SHA_A))
    assert lake.read(minutes(DAY), minutes(3 * DAY))["value"].to_list() == [1.0, 2.0]
    assert lake.read(start=minutes(2 * DAY))["value"].to_list() == [2.0, 3.0]
    assert lake.read(end=minutes(DAY))["value"].to_list() == [0.0]


def test_the_newest_stretch_ends_with_the_last_record(lake: PlantHistory) -> None:
    assert lake.newest(timedelta(days=1)).is_empty()
    lake.upsert(records_of([(DAY * i, "P", float(i)) for i in range(4)]), drop_of(SHA_A))
    assert lake.newest(timedelta(days=1))["value"].to_list() == [2.0, 3.0]
    assert_frame_equal(lake.newest(None), lake.read())


def test_drops_are_listed_oldest_first_with_their_files(lake: PlantHistory) -> None:
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    lake.upsert(records_of([(0, "P", 1.0)], SHA_B), drop_of(SHA_B, at=START + timedelta(days=1)))
    assert [[file.sha256 for file in drop.files] for drop in lake.drops()] == [[SHA_A], [SHA_B]]
    assert lake.drops()[1].at == START + timedelta(days=1)
    log = lake.upsert_periods(periods_of([(0, 60, "upset")]), drop_of(SHA_C, at=START + timedelta(hours=1)))
    assert lake.drops()[1] == replace(drop_of(SHA_C, at=START + timedelta(hours=1)), version=log.version)
    assert lake.knows(SHA_A)
    assert lake.knows(SHA_C)
    assert not lake.knows("d" * 64)


def test_equal_content_has_an_equal_fingerprint_however_it_came_in(tmp_path: Path) -> None:
    whole, parts = PlantHistory(tmp_path / "whole", "small"), PlantHistory(tmp_path / "parts", "small")
    whole.upsert(records_of([(0, "P", 1.0), (DAY, "P", 2.0)]), drop_of(SHA_A))
    parts.upsert(records_of([(DAY, "P", 7.0)], SHA_B), drop_of(SHA_B))
    parts.upsert(records_of([(0, "P", 1.0), (DAY, "P", 2.0)], SHA_C), drop_of(SHA_C))
    assert whole.fingerprint() == parts.fingerprint()


def test_other_content_has_another_fingerprint(lake: PlantHistory) -> None:
    seen = [lake.fingerprint()]
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    seen.append(lake.fingerprint())
    lake.upsert(records_of([(0, "P", 1.5)], SHA_B), drop_of(SHA_B))
    seen.append(lake.fingerprint())
    lake.upsert_periods(periods_of([(0, 60, "upset")]), drop_of(SHA_C))
    seen.append(lake.fingerprint())
    assert len(set(seen)) == 4


def test_an_unwritten_history_has_the_same_fingerprint_in_every_version(lake: PlantHistory) -> None:
    assert lake.fingerprint() == "6c9f8a83b698b4c67e29f2778edf163e4791affe77db9f2b03654efb4085e196"


def test_a_period_s_end_is_part_of_the_fingerprint_and_the_order_of_a_log_is_not(tmp_path: Path) -> None:
    spans = [(0, 60, "upset"), (0, 30, "trip"), (-60, 30, "upset")]
    found = []
    for name, log in (("a", spans), ("b", spans[::-1]), ("c", [*spans[:2], (-60, 31, "upset")])):
        lake = PlantHistory(tmp_path / name, "small")
        lake.upsert_periods(periods_of(log), drop_of(SHA_C))
        found.append(lake.fingerprint())
    assert found[0] == found[1] != found[2]


def periods_of(spans: list[tuple[float, float, str]], file: str = SHA_C) -> pl.DataFrame:
    rows = [(minutes(a), minutes(b), reason, file, row) for row, (a, b, reason) in enumerate(spans, 2)]
    return pl.DataFrame(rows, schema=PERIOD_SCHEMA, orient="row")


def test_periods_are_read_by_start_and_reason(lake: PlantHistory) -> None:
    lake.upsert_periods(periods_of([(60, 90, "trip"), (0, 60, "upset"), (0, 60, "trip")]), drop_of(SHA_C))
    assert lake.periods().select("start", "reason").rows() == [
        (START, "trip"),
        (START, "upset"),
        (minutes(60), "trip"),
    ]


def test_a_corrected_log_moves_a_periods_end_and_keeps_the_others(lake: PlantHistory) -> None:
    first = lake.upsert_periods(periods_of([(0, 60, "upset"), (600, 660, "trip")], SHA_A), drop_of(SHA_A))
    assert first == UpsertResult(committed=True, version=1, added=2)
    corrected = periods_of([(0, 90, "upset"), (700, 720, "trip")], SHA_B)
    assert lake.upsert_periods(corrected, drop_of(SHA_B)) == UpsertResult(True, 2, added=1, changed=1)
    assert lake.periods().select("end", "reason").rows() == [
        (minutes(90), "upset"),
        (minutes(660), "trip"),
        (minutes(720), "trip"),
    ]


def test_the_same_log_twice_is_one_ingest(lake: PlantHistory) -> None:
    first = lake.upsert_periods(periods_of([(0, 60, "upset")]), drop_of(SHA_C))
    again = lake.upsert_periods(periods_of([(0, 60, "upset")]), drop_of(SHA_C))
    assert again == UpsertResult(committed=False, version=first.version, known_files=(SHA_C,))
    assert lake.knows(SHA_C)


def test_a_repeated_log_does_not_undo_its_correction_unless_it_is_forced_in(lake: PlantHistory) -> None:
    log = periods_of([(0, 60, "upset")], SHA_A)
    lake.upsert_periods(log, drop_of(SHA_A))
    lake.upsert_periods(periods_of([(0, 90, "upset")], SHA_B), drop_of(SHA_B))
    both = pl.concat([log, periods_of([(600, 660, "trip")], SHA_C)])
    result = lake.upsert_periods(both, drop_of(SHA_A, SHA_C))
    assert result == UpsertResult(True, 3, added=1, known_files=(SHA_A,))
    assert lake.periods()["end"].to_list() == [minutes(90), minutes(660)]
    assert lake.upsert_periods(log, drop_of(SHA_A), force=True).changed == 1
    assert lake.periods()["end"].to_list() == [minutes(60), minutes(660)]


def test_a_write_that_fails_leaves_the_old_history(
    lake: PlantHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    before = lake.fingerprint()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(delta, "write_deltalake", full)
    with pytest.raises(StorageError, match=r"no room left to write\. Nothing was changed"):
        lake.upsert(records_of([(0, "P", 2.0)], SHA_B), drop_of(SHA_B))
    monkeypatch.undo()
    assert lake.fingerprint() == before
    assert lake.upsert(records_of([(0, "P", 2.0)], SHA_B), drop_of(SHA_B)).changed == 1


def test_a_writer_that_is_overtaken_merges_again(lake: PlantHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine's commit comes between our reading and our commit, which no lock here prevents."""
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    original, overtaken = delta.replace, []

    def overtake(table, batches, predicate, entry, marks) -> None:
        if not overtaken:
            overtaken.append(True)
            other = PlantHistory(Path(lake.url).parent, "small")
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(history, "_lock_path", lambda url: Path(url) / ".other.lock")
                other.upsert(records_of([(60, "P", 2.0)], SHA_B), drop_of(SHA_B))
        original(table, batches, predicate, entry, marks)

    monkeypatch.setattr(delta, "replace", overtake)
    lake.upsert(records_of([(120, "P", 3.0)], SHA_C), drop_of(SHA_C))
    assert list(values(lake).values()) == [1.0, 2.0, 3.0]


def test_a_writer_that_is_overtaken_again_and_again_gives_up(
    lake: PlantHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def overtaken(*_: object) -> None:
        tried.append(True)
        raise delta.CommitConflict

    monkeypatch.setattr(history, "_COMMIT_ATTEMPTS", 2)
    monkeypatch.setattr(delta, "replace", overtaken)
    says = f"{lake.url}/history: other writers got in before us 2 times. Nothing was changed."
    with pytest.raises(StorageBusyError) as refused:
        lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    assert (str(refused.value), len(tried)) == (says, 2)
    with pytest.raises(StorageBusyError, match="/periods: other writers"):
        lake.upsert_periods(periods_of([(0, 60, "upset")]), drop_of(SHA_A))


def test_many_writers_at_once_lose_and_double_nothing(lake: PlantHistory) -> None:
    def write(number: int) -> None:
        sha = f"{number:064x}"
        own = PlantHistory(Path(lake.url).parent, "small")
        own.upsert(records_of([(number, "P", float(number)), (500, "P", -1.0)], sha), drop_of(sha))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(values(lake).values()) == [-1.0, *map(float, range(8))]
    assert len(lake.drops()) == 8


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path) -> None:
    lake = PlantHistory(tmp_path, "small", lock_timeout_s=0.05)
    lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
    with (
        FileLock(Path(lake.url) / ".history.lock"),
        pytest.raises(StorageBusyError) as refused,
    ):
        lake.upsert(records_of([(0, "P", 2.0)], SHA_B), drop_of(SHA_B))
    says = f"{lake.url}: another process has been writing for 0.05 s. Nothing was changed."
    assert str(refused.value) == says


def test_a_lake_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("a file")
    with pytest.raises(StorageError, match=r"lake/small/\.history\.lock: could not be written \(\w+Error: "):
        PlantHistory(tmp_path / "lake", "small").upsert(records_of([]), drop_of(SHA_A))


def test_writers_of_one_lake_in_a_bucket_meet_at_one_lock_of_this_machine() -> None:
    first, again, other = (PlantHistory(root, "small").url for root in ("s3://b/l", "s3://b/l/", "s3://b/m"))
    assert first == "s3://b/l/small"
    assert history._lock_path(first) == history._lock_path(again) != history._lock_path(other)
    assert history._lock_path(first).parent == private_folder("locks")


def test_vacuum_removes_old_versions_files_and_no_content(tmp_path: Path) -> None:
    lake = PlantHistory(tmp_path, "small", keep_days=0)
    for sha, value in ((SHA_A, 1.0), (SHA_B, 2.0), (SHA_C, 3.0)):
        lake.upsert(records_of([(0, "P", value)], sha), drop_of(sha))
    before = lake.fingerprint()
    assert lake.vacuum() == 2
    assert len(files_of_month(lake, "2015-01")) == 1
    assert lake.fingerprint() == before
    assert list(values(lake).values()) == [3.0]
    assert len(lake.drops()) == 3


def test_a_history_that_is_not_there_has_no_old_files(lake: PlantHistory) -> None:
    assert lake.vacuum() == 0


def test_old_files_stay_for_a_week_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    monkeypatch.setattr(DeltaTable, "vacuum", lambda _, hours, **__: kept.append(hours) or [])
    for lake in (PlantHistory(tmp_path, "small"), PlantHistory(tmp_path, "small", keep_days=2)):
        lake.upsert(records_of([(0, "P", 1.0)]), drop_of(SHA_A))
        lake.vacuum()
    assert kept == [168, 48]


def test_a_drop_is_in_even_where_old_files_cannot_be_removed(
    lake: PlantHistory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("not allowed")

    monkeypatch.setattr(history, "_VACUUM_EVERY", 2)
    monkeypatch.setattr(DeltaTable, "vacuum", refuse)
    for sha, said in ((SHA_A, 0), (SHA_B, 1)):
        assert lake.upsert(records_of([(0, "P", 1.0)], sha), drop_of(sha)).committed
        assert len(caplog.messages) == said
    (warning,) = caplog.messages
    assert warning.startswith(f"old versions were not removed: {lake.url}/history: could not be written")
    assert not lake.upsert(records_of([(0, "P", 1.0)], SHA_B), drop_of(SHA_B)).committed
    assert len(caplog.messages) == 1


def test_the_months_are_those_of_utc(lake: PlantHistory) -> None:
    result = lake.upsert(records_of([(DAY - 1, "P", 1.0)]), drop_of(SHA_A))
    assert result.months == ("2015-01",)
    assert lake.read(end=datetime(2015, 2, 1, tzinfo=UTC)).height == 1


def test_a_drop_without_a_record_of_its_own_changes_no_row(tmp_path: Path) -> None:
    history = PlantHistory(tmp_path, "small")
    history.upsert(records_of([(0, "P", 1.0)], SHA_A), drop_of(SHA_A))
    before = history.fingerprint()
    result = history.upsert(records_of([]), drop_of(SHA_B))
    assert (result.committed, result.added, history.fingerprint()) == (True, 0, before)
    assert history.knows(SHA_B)
    assert history.read()["value"].to_list() == [1.0]
