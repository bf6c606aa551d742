"""Trials of a plant's `live.opcua` against asyncua's server: every fault by its place in the profile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("asyncua")

from serving.live.probes.opcua import probe_opcua
from serving.live.sources.opcua.files import OpcuaLogin
from tests.servers import free_port
from tests.serving.live.opcua.certificates import content, made_login, server_files
from tests.serving.live.opcua.servers import PlantServer, plant_server
from tests.serving.live.opcua.units import add_unit
from tests.serving.live.sites import PLANT, small_profile

pytestmark = [pytest.mark.services, pytest.mark.anyio]
NODES = {"FLOW": "ns=2;s=Mill.FLOW", "LEVEL": "ns=2;s=Mill.LEVEL"}
ENCRYPTED = "basic256sha256_encrypt"


async def faults_of(folder: Path, url: str, **options: object) -> list[str]:
    profile = small_profile({"opcua": {"url": url, "nodes": NODES, **options}})
    return (await probe_opcua(profile, folder)).faults


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> OpcuaLogin:
    return await asyncio.to_thread(made_login, tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
async def secure(own: OpcuaLogin, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PlantServer]:
    """A server that takes one user by password, encrypted alone."""
    async with plant_server(secure=server_files(own, tmp_path_factory.mktemp("secure"))) as server:
        yield server


def write_password(folder: Path, password: str, mode: int = 0o600) -> None:
    path = folder / f"{PLANT}.password"
    path.touch()
    path.chmod(mode)
    path.write_text(password)


async def test_nodes_are_tried_one_by_one(tmp_path: Path) -> None:
    async with plant_server() as plant:
        assert await faults_of(tmp_path, plant.url) == []
        await plant.server.nodes.objects.add_variable("ns=2;s=Recipe", "Recipe", "A7")
        nodes = {"FLOW": "ns=2;s=Mill.NOWHERE", "LEVEL": "ns=2;s=Recipe"}
        unknown, text = await faults_of(tmp_path, plant.url, nodes=nodes)
        assert unknown == (
            "live.opcua.nodes.FLOW: ns=2;s=Mill.NOWHERE: BadNodeIdUnknown; expected a variable of the server"
        )
        assert (
            text == "live.opcua.nodes.LEVEL: ns=2;s=Recipe is no number; expected a variable of a number type"
        )
        await plant.write("FLOW", 1.0, status=0x808B0000)
        await add_unit(plant.nodes["LEVEL"], "bar")
        bad, unit = await faults_of(tmp_path, plant.url)
        assert bad.startswith("live.opcua.nodes.FLOW: ns=2;s=Mill.FLOW has no value: BadDeviceFailure")
        assert unit.startswith("live.opcua.nodes.LEVEL: LEVEL in 'bar': no conversion to '%'; expected")


async def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    (fault,) = await faults_of(tmp_path, f"opc.tcp://127.0.0.1:{free_port()}/plant")
    assert fault.startswith("live.opcua.url: opc.tcp://127.0.0.1:")
    assert "can't be reached" in fault


async def test_passwords_and_their_files_are_faults_of_the_user(secure: PlantServer, tmp_path: Path) -> None:
    options = {"security": ENCRYPTED, "user": "reader"}
    (fault,) = await faults_of(tmp_path, secure.url, **options)
    assert fault.startswith("live.opcua.user: FOREWARN_OPCUA_FILES: ")
    assert "No such file" in fault
    write_password(tmp_path, "guess")
    (fault,) = await faults_of(tmp_path, secure.url, **options)
    assert fault.startswith(f"live.opcua.user: {secure.url} refuses the login: ")
    assert "guess" not in fault
    write_password(tmp_path, "secret-of-the-reader")
    assert await faults_of(tmp_path, secure.url, **options) == []
    (tmp_path / f"{PLANT}.password").chmod(0o644)
    (fault,) = await faults_of(tmp_path, secure.url, **options)
    assert "expected 0600" in fault


async def test_policies_and_certificates_are_faults_of_the_security(
    secure: PlantServer, own: OpcuaLogin, tmp_path: Path
) -> None:
    write_password(tmp_path, "secret-of-the-reader")
    sign = "aes256sha256rsapss_sign"
    for options in ({}, {"security": sign, "user": "reader"}):
        (fault,) = await faults_of(tmp_path, secure.url, **options)
        assert fault == (
            f"live.opcua.security: {secure.url} has no endpoint of this policy and mode; expected another security"
        )
    other = await asyncio.to_thread(made_login, tmp_path / "other")
    pinned = tmp_path / f"{PLANT}.server.pem"
    options = {"security": ENCRYPTED, "user": "reader"}
    pinned.write_bytes(content(other.certificate))
    (fault,) = await faults_of(tmp_path, secure.url, **options)
    assert fault == (
        f"live.opcua.security: {secure.url} shows another certificate than mill.server.pem; expected that one"
    )
    pinned.write_text("no certificate")
    (fault,) = await faults_of(tmp_path, secure.url, **options)
    assert "a certificate or key can't be read; expected PEM files without a passphrase" in fault
    pinned.write_bytes(content(own.certificate))
    assert await faults_of(tmp_path, secure.url, **options) == []
