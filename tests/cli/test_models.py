"""`forewarn promote|rollback`: inference is told at once, and needn't be there."""

import pytest

from plant_assets.models import promotion
from plant_assets.models.registry_versions import ChampionMove
from plant_assets.settings import read_settings
from tests.cli.test_commands import run
from tests.resources.test_model_store import server

pytestmark = pytest.mark.usefixtures("forewarn_home")


@pytest.mark.parametrize("command", ["promote", "rollback"])
def test_inference_is_told_of_a_move_by_hand(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(promotion, command, lambda *_: ChampionMove("plant_alarm_champion", 1, 2))
    with server(202) as (address, asked):
        monkeypatch.setenv("FOREWARN_INFERENCE_URL", address)
        read_settings.cache_clear()
        status, text = run(command, "--plant", "gas_treatment")
    assert (status, asked) == (0, ["/models/refresh"])
    assert "version 2 is champion (before: version 1)" in text
    status, text = run(command, "--plant", "gas_treatment")
    assert status == 0
    assert "inference was not notified" in text
