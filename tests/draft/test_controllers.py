"""Control loops told by the names of columns."""

import pytest

from plant_assets.draft.controllers import loops


@pytest.mark.parametrize(
    ("titles", "controller", "roles"),
    [
        (["FIC101.PV", "FIC101.SP", "FIC101.OP"], "FIC101", {"pv", "sp", "op"}),
        (["FIC101", "FIC101.SP", "FIC101_CO"], "FIC101", {"pv", "sp", "op"}),
        (["LIC-7 PV [%]", "LIC-7 SV [%]", "LIC-7 MV [%]"], "LIC_7", {"pv", "sp", "op"}),
        (["TIC/PV", "TIC/OUT"], "TIC", {"pv", "op"}),
        ([r"\\SRV\FIC1.PV", r"\\SRV\FIC1.SETPOINT"], "FIC1", {"pv", "sp"}),
        (["tic_pv", "TIC_SP"], "tic", {"pv", "sp"}),
    ],
)
def test_a_loop_has_a_process_value_and_more(titles: list[str], controller: str, roles: set[str]) -> None:
    found = loops(titles)
    assert {loop.controller for loop in found.values()} == {controller}
    assert {loop.role for loop in found.values()} == roles


@pytest.mark.parametrize(
    "titles", [["FIC101.PV"], ["FIC101.SP", "FIC101.OP"], ["SP", "OP", "PV"], ["LOOP", "STOP"]]
)
def test_what_is_no_whole_loop_stays_an_indicator(titles: list[str]) -> None:
    assert loops(titles) == {}
