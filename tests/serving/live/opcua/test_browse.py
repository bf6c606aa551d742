"""The walk through asyncua's own server: what becomes of folders, properties, values and long answers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("asyncua")

from asyncua import ua

from serving.live.sources.opcua import browse
from serving.live.sources.opcua.browse import browse_variables, read_units
from serving.live.sources.opcua.faults import OpcuaFault
from serving.live.sources.opcua.files import OpcuaLogin
from serving.live.sources.opcua.session import OpcuaSession, open_session
from tests.serving.live.opcua.servers import plant_server
from tests.serving.live.opcua.units import add_units, analog

pytestmark = [pytest.mark.services, pytest.mark.anyio]
PATHS = [
    ("Unit 1", "FIC101", "PV"),
    ("Unit 1", "FIC101", "SP"),
    ("Unit 1", "Running"),
    ("Unit 2", "FIC201", "PV"),
    ("Unit 2", "FIC201", "SP"),
    ("Unit 2", "Running"),
]


@pytest.fixture(scope="module")
async def session() -> AsyncIterator[OpcuaSession]:
    """With a server of two units, and of a variable without a value and one with two ranges."""
    async with plant_server() as plant:
        await add_units(plant.server)
        await plant.write("LEVEL", 1.0, status=0x80310000)
        ranged = await analog(plant.nodes["FLOW"], "Inner", 2.0, ends=(0, 50))
        await ranged.add_property(0, "InstrumentRange", ua.Range(-5, 80))  # pyright: ignore[reportArgumentType]
        async with open_session(plant.url, OpcuaLogin()) as session:
            yield session


async def test_variables_come_folder_by_folder_with_what_they_tell(session: OpcuaSession) -> None:
    space = await browse_variables(session)
    assert [v.path for v in space.variables if v.path[0] != "Mill"] == PATHS
    found = {v.path[-1]: v for v in space.variables}
    assert (found["PV"].unit, found["PV"].low, found["PV"].high, found["PV"].description) == (
        "m³/h",
        0.0,
        120.0,
        "Feed flow",
    )
    assert (found["SP"].description, found["Running"].is_state, found["SP"].value) == ("", True, 51.0)
    assert (found["Inner"].path, found["Inner"].low, found["Inner"].high) == (
        ("Mill", "FLOW", "Inner"),
        -5.0,
        80.0,
    )
    assert "LEVEL" in found
    assert space.left_out["Unit 1/Recipe"] == "a String"
    assert space.left_out["Unit 2/Profile"] == "several values"


async def test_an_answer_in_parts_is_asked_for_to_its_end(
    session: OpcuaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await browse_variables(session)
    client, rests, ask = session.client.uaclient, dict[bytes, list[Any]](), session.client.uaclient.browse

    def cut(references: list[Any]) -> ua.BrowseResult:
        result = ua.BrowseResult(References=references[:1])
        if references[1:]:
            result.ContinuationPoint = str(len(rests)).encode()
            rests[result.ContinuationPoint] = references[1:]
        return result

    async def answer(parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        return [cut(list(result.References or [])) for result in await ask(parameters)]

    async def go_on(parameters: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        assert not parameters.ReleaseContinuationPoints
        return [cut(rests.pop(point)) for point in parameters.ContinuationPoints]

    monkeypatch.setattr(client, "browse", answer)
    monkeypatch.setattr(client, "browse_next", go_on)
    assert await browse_variables(session) == whole
    assert rests == {}


async def test_a_server_that_may_not_be_browsed_tells_no_units(
    session: OpcuaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [
        session.client.get_node("ns=2;s=Unit 1.FIC.PV"),
        session.client.get_node("ns=2;s=Unit 1.Running"),
    ]
    assert await read_units(session, nodes) == ["m³/h", ""]

    async def refuse(parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        raise ua.UaStatusCodeError(ua.StatusCodes.BadServiceUnsupported)

    monkeypatch.setattr(session.client.uaclient, "browse", refuse)
    assert await read_units(session, nodes) == ["", ""]


async def test_an_endless_address_space_is_refused(
    session: OpcuaSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "MOST_VARIABLES", 3)
    with pytest.raises(OpcuaFault, match=r"more than 100,000 nodes or 3 variables; expected .* as --root"):
        await browse_variables(session)
