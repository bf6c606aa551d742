"""Kill -9 of the run at any moment, whatever it is doing."""

import random

import dagster as dg
import pytest

from tests.reliability.kills import drop_and_kill
from tests.reliability.run_site import RunSite

SEED = 20150117


@pytest.mark.timeout(900)
def test_kills_at_any_time_lose_double_and_halve_nothing(site: RunSite) -> None:
    drop_and_kill(site, _kill, SEED)


def _kill(site: RunSite, request: dg.RunRequest, chance: random.Random, seconds: float, _writes: int) -> bool:
    return site.start(request).killed_after(chance.uniform(0, seconds))
