"""Drops whose runs are killed: the sensor repeats them, and nothing is lost, doubled or half there."""

import random
import time
from collections.abc import Callable

import dagster as dg
import polars as pl

from tests.reliability.plants import union, write_days
from tests.reliability.run_site import RunSite, answering_models

KILLS = 10
KILLS_A_DROP = 3, 6
DAYS, DAYS_A_DROP = 20, 14

Kill = Callable[[RunSite, dg.RunRequest, random.Random, float, int], bool]
"""Starts a run and kills it, given chance, and the seconds and writes of a whole run; whether it died."""


def drop_and_kill(site: RunSite, kill: Kill, seed: int) -> None:
    """Drop again and again until so many runs were killed; check after each what is there."""
    chance, kills = random.Random(seed), 0
    expected = _drop(site, None, 0, seed)
    seconds, writes = _run_to_the_end(site)
    _check_finished(site, expected)
    for number in range(1, 4 * KILLS):
        old, first = expected, chance.randrange(DAYS - DAYS_A_DROP)
        expected = _drop(site, old, first, seed + number)
        planned = chance.randint(*KILLS_A_DROP)
        while request := _next_request(site):
            if planned and kills < KILLS:
                planned -= 1
                kills += kill(site, request, chance, seconds, writes)
                site.notice_death()
            else:
                seconds, writes = _finish(site, request)
            assert any(map(site.records().equals, (old, expected))), "half a drop is in"
            assert set(answering_models(site.profile, site.registry)) == {"isolation_forest", "champion"}
        _check_finished(site, expected)
        if kills == KILLS:
            break
    assert kills == KILLS
    shas = [file.sha256 for drop in site.history.drops() for file in drop.files]
    assert len(shas) == len(set(shas)), "a file went in twice"


def _next_request(site: RunSite) -> dg.RunRequest | None:
    """The run that the sensor asks for: at once, or after the pause that follows several lost ones."""
    if (request := site.look()) is None:
        site.pass_time(3600)
        request = site.look()
    return request


def _drop(site: RunSite, old: pl.DataFrame | None, first: int, seed: int) -> pl.DataFrame:
    _, records = write_days(site.profile, first, DAYS_A_DROP, seed, site.folder)
    return union(old, records)


def _run_to_the_end(site: RunSite) -> tuple[float, int]:
    request = site.look()
    assert request is not None
    return _finish(site, request)


def _finish(site: RunSite, request: dg.RunRequest) -> tuple[float, int]:
    child = site.start(request)
    began = time.monotonic()
    success, writes = child.finished()
    assert success, site.files()
    return time.monotonic() - began, writes


def _check_finished(site: RunSite, expected: pl.DataFrame) -> None:
    assert site.records().equals(expected)
    assert {state for state, _ in site.files().values()} == {"ingested"}
    answering = answering_models(site.profile, site.registry)
    assert answering["isolation_forest"] == site.history.fingerprint(), "the models know the whole history"
