"""Kill -9 of the run just before one of its writes."""

import random

import dagster as dg
import pytest

from tests.reliability.kills import drop_and_kill
from tests.reliability.run_site import RunSite

SEED = 20150110


@pytest.mark.timeout(900)
def test_kills_at_a_write_lose_double_and_halve_nothing(site: RunSite) -> None:
    drop_and_kill(site, _kill, SEED)


def _kill(site: RunSite, request: dg.RunRequest, chance: random.Random, _seconds: float, writes: int) -> bool:
    return site.start(request, die_at=chance.randint(1, writes)).died()
