"""Readings from asyncua's own server: values, qualities, outages, logins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("asyncua")

from asyncua import ua
from asyncua.client.ua_client import UaClient
from asyncua.crypto.security_policies import SecurityPolicyNone

from plant_assets.profile.variables import SettingsError
from serving.live.sources.opcua.files import read_login
from serving.live.sources.opcua.source import OpcuaSource
from serving.settings import ServingSettings
from tests.servers import free_port
from tests.serving.live.opcua.certificates import content, der, made_login, server_files, use_certificate
from tests.serving.live.opcua.lines import breakable_line
from tests.serving.live.opcua.servers import PlantServer, plant_server
from tests.serving.live.opcua.units import add_unit
from tests.serving.live.sites import PLANT, FieldSite, background_task, field_site, small_profile, until

pytestmark = [pytest.mark.services, pytest.mark.anyio]
NODES = {"FLOW": "ns=2;s=Mill.FLOW", "LEVEL": "ns=2;s=Mill.LEVEL"}


@asynccontextmanager
async def reading_site(home: Path, url: str, **options: object) -> AsyncIterator[FieldSite]:
    opcua = {"url": url, "nodes": NODES, "publishing_ms": 20, **options}
    async with field_site(home, small_profile({"opcua": opcua})) as site:
        source = OpcuaSource(site.intake, site.board, ServingSettings(home=home))
        async with background_task(source.run):
            yield site


def source_times(site: FieldSite, column: str) -> dict[float, int]:
    return {r.value: r.time_us for r in site.noted.readings if r.column == column}


def micros(time: datetime) -> int:
    return round(time.timestamp() * 1e6)


@pytest.fixture(scope="module")
async def plant() -> AsyncIterator[PlantServer]:
    """A server with history, which takes a second to start."""
    async with plant_server(historic=True) as server:
        yield server


async def test_changes_come_with_the_time_of_their_source(plant: PlantServer, tmp_path: Path) -> None:
    async with reading_site(tmp_path, plant.url) as site:
        await until(lambda: site.status("opcua").state == "connected")
        at = datetime.now(UTC) - timedelta(seconds=5)
        for step in range(50):
            await plant.write("FLOW", 100.0 + step, time=at + timedelta(milliseconds=step))
        await until(lambda: 149.0 in site.noted.values("FLOW"))
        times = source_times(site, "FLOW")
        assert [times[100.0 + step] for step in range(50)] == pytest.approx(
            [micros(at) + step * 1000 for step in range(50)], abs=2
        )


async def test_status_codes_become_qualities(plant: PlantServer, tmp_path: Path) -> None:
    async with reading_site(tmp_path, plant.url) as site:
        await until(lambda: site.status("opcua").state == "connected")
        await plant.write("FLOW", 1.5)
        await plant.write("FLOW", 2.5, status=0x40920000)
        await plant.write("FLOW", 3.5, status=0x808B0000)
        await plant.write("FLOW", 4.5)
        await until(lambda: 4.5 in site.noted.values("FLOW"))
        shown = [(r.value, r.quality) for r in site.noted.readings if r.column == "FLOW"][-4:]
        assert shown[0] == (1.5, "good")
        assert shown[1] == (2.5, "uncertain")
        assert shown[2][1] == "bad"
        assert shown[3] == (4.5, "good")


async def test_nothing_is_lost_over_an_outage_of_the_line_where_the_server_has_history(
    plant: PlantServer, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        line, port = await stack.enter_async_context(breakable_line(plant.port))
        site = await stack.enter_async_context(reading_site(tmp_path, f"opc.tcp://127.0.0.1:{port}/plant"))
        await until(lambda: site.status("opcua").state == "connected")
        await plant.write("FLOW", 1001.0)
        await until(lambda: 1001.0 in site.noted.values("FLOW"))
        await line.cut()
        await until(lambda: site.status("opcua").state != "connected")
        for step in range(1002, 1040):
            await plant.write("FLOW", float(step))
        await line.mend()
        written = {float(n) for n in range(1001, 1040)}
        await until(lambda: {v for v in site.noted.values("FLOW") if v > 1000} == written)
        assert {"FLOW", "LEVEL"} <= set(site.noted.stale)


async def test_the_histories_of_all_tags_are_asked_for_together(
    plant: PlantServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read = UaClient.history_read

    async def count(client: UaClient, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        asked.append(len(params.NodesToRead))
        return await read(client, params)

    monkeypatch.setattr(UaClient, "history_read", count)
    at = datetime.now(UTC)
    await plant.write("FLOW", 2001.0, time=at - timedelta(seconds=2))
    await plant.write("FLOW", 2002.0, time=at - timedelta(seconds=1))
    await plant.write("LEVEL", 2003.0, time=at - timedelta(seconds=1))
    async with reading_site(tmp_path, plant.url) as site:
        await until(lambda: site.status("opcua").state == "connected")
        assert asked == [2]
        assert {2001.0, 2002.0} <= set(site.noted.values("FLOW"))
        assert 2003.0 in site.noted.values("LEVEL")


async def test_a_server_that_is_away_and_has_no_history_is_read_once_it_is_there(tmp_path: Path) -> None:
    port = free_port()
    async with reading_site(tmp_path, f"opc.tcp://127.0.0.1:{port}/plant") as site:
        await until(lambda: "can't be reached" in site.status("opcua").state)
        async with plant_server(port) as server:
            await server.write("FLOW", 5.0)
            await until(lambda: 5.0 in site.noted.values("FLOW"))
        await until(lambda: site.status("opcua").state != "connected")


async def test_bad_nodes_are_named_and_the_others_read(plant: PlantServer, tmp_path: Path) -> None:
    nodes = {"FLOW": NODES["FLOW"], "LEVEL": "ns=2;s=Mill.NOWHERE"}
    async with reading_site(tmp_path, plant.url, nodes=nodes) as site:
        await until(lambda: "LEVEL (" in site.status("opcua").state)
        assert "ns=2;s=Mill.NOWHERE: BadNodeIdUnknown" in site.status("opcua").state
        await plant.write("FLOW", 31.0)
        await until(lambda: 31.0 in site.noted.values("FLOW"))


async def test_texts_are_refused_and_counted(plant: PlantServer, tmp_path: Path) -> None:
    await plant.server.nodes.objects.add_variable("ns=2;s=Recipe", "Recipe", "A7")
    async with reading_site(tmp_path, plant.url, nodes={**NODES, "LEVEL": "ns=2;s=Recipe"}) as site:
        await until(lambda: site.status("opcua").refused > 0)
        assert "no numbers" in site.status("opcua").last_error


async def test_a_wrong_password_is_told_and_the_right_one_is_encrypted(tmp_path: Path) -> None:
    secrets = tmp_path / "opcua"
    secrets.mkdir()
    password = secrets / f"{PLANT}.password"
    password.write_text("guess")
    password.chmod(0o600)
    login = await asyncio.to_thread(read_login, secrets, PLANT, "reader", "basic256sha256_encrypt")
    assert login.certificate is not None
    assert login.key is not None
    assert login.key.stat().st_mode & 0o077 == 0
    own = tmp_path / "server"
    own.mkdir()
    (own / "server.pem").write_bytes(login.certificate.read_bytes())
    (own / "server_key.pem").write_bytes(login.key.read_bytes())
    async with plant_server(secure=own) as plant:
        options = {"security": "basic256sha256_encrypt", "user": "reader"}
        async with reading_site(tmp_path, plant.url, **options) as site:
            await until(lambda: "refuses the login" in site.status("opcua").state)
            assert "guess" not in site.status("opcua").state
            password.write_text("secret-of-the-reader\n")
            await until(lambda: site.status("opcua").state == "connected")
            await plant.write("FLOW", 3.0)
            await until(lambda: 3.0 in site.noted.values("FLOW"))


async def test_a_user_certificate_logs_in_on_an_encrypted_channel_and_another_does_not(
    tmp_path: Path,
) -> None:
    secrets, options = tmp_path / "opcua", {"security": "basic256sha256_encrypt"}
    user, other, own = [
        await asyncio.to_thread(made_login, tmp_path / name) for name in ("user", "other", "own")
    ]
    async with plant_server(secure=server_files(own, tmp_path), users=[der(user)]) as plant:
        use_certificate(secrets, other)
        async with reading_site(tmp_path, plant.url, **options) as site:
            await until(lambda: "refuses the login" in site.status("opcua").state)
            assert site.noted.readings == []
            use_certificate(secrets, user)
            await until(lambda: site.status("opcua").state == "connected")
            await plant.write("FLOW", 8.0)
            await until(lambda: 8.0 in site.noted.values("FLOW"))


async def test_another_certificate_of_the_server_than_the_pinned_one_is_not_trusted(tmp_path: Path) -> None:
    secrets, options = tmp_path / "opcua", {"security": "basic256sha256_encrypt", "user": "reader"}
    own, other = [await asyncio.to_thread(made_login, tmp_path / name) for name in ("own", "other")]
    secrets.mkdir()
    password, pinned = secrets / f"{PLANT}.password", secrets / f"{PLANT}.server.pem"
    password.touch(mode=0o600)
    password.write_text("secret-of-the-reader")
    pinned.write_bytes(content(other.certificate))
    async with (
        plant_server(secure=server_files(own, tmp_path)) as plant,
        reading_site(tmp_path, plant.url, **options) as site,
    ):
        await until(lambda: "another certificate than" in site.status("opcua").state)
        pinned.write_bytes(content(own.certificate))
        await until(lambda: site.status("opcua").state == "connected")


@pytest.mark.parametrize("lacking", ["mode", "key"])
async def test_a_user_key_that_is_missing_or_open_to_others_is_not_used(tmp_path: Path, lacking: str) -> None:
    login = await asyncio.to_thread(made_login, tmp_path / "user")
    use_certificate(tmp_path / "opcua", login)
    key = tmp_path / "opcua" / f"{PLANT}.user_key.pem"
    key.chmod(0o644) if lacking == "mode" else key.unlink()
    reason = (
        "other users can read it; expected mode 0600"
        if lacking == "mode"
        else "expected the key of mill.user.pem"
    )
    with pytest.raises(SettingsError, match=reason):
        await asyncio.to_thread(read_login, tmp_path / "opcua", PLANT, "", "basic256sha256_encrypt")


async def test_a_password_is_never_sent_in_clear_on_a_signed_channel(tmp_path: Path) -> None:
    secrets, own = tmp_path / "opcua", await asyncio.to_thread(made_login, tmp_path / "own")
    secrets.mkdir()
    password = secrets / f"{PLANT}.password"
    password.touch(mode=0o600)
    password.write_text("secret-of-the-reader")
    options = {"security": "basic256sha256_sign", "user": "reader"}
    files, policy = server_files(own, tmp_path), ua.SecurityPolicyType.Basic256Sha256_Sign
    async with plant_server(secure=files, policy=policy) as plant:
        tokens = [token for one in plant.server.iserver.endpoints for token in one.UserIdentityTokens]
        encrypted = [token.SecurityPolicyUri for token in tokens]
        for token in tokens:
            token.SecurityPolicyUri = SecurityPolicyNone.URI
        async with reading_site(tmp_path, plant.url, **options) as site:
            await until(lambda: "takes passwords unencrypted" in site.status("opcua").state)
            for token, uri in zip(tokens, encrypted, strict=True):
                token.SecurityPolicyUri = uri
            await until(lambda: site.status("opcua").state == "connected")


async def test_values_in_another_unit_are_converted_and_others_refused(tmp_path: Path) -> None:
    async with plant_server() as plant:
        await add_unit(plant.nodes["FLOW"], "l/h")
        await add_unit(plant.nodes["LEVEL"], "bar")
        await plant.write("FLOW", 5000.0)
        await plant.write("LEVEL", 50.0)
        async with reading_site(tmp_path, plant.url) as site:
            await until(lambda: site.status("opcua").state == "connected")
            await until(lambda: bool(site.noted.values("FLOW")))
            assert site.noted.values("FLOW")[0] == pytest.approx(5.0)
            assert site.noted.values("LEVEL") == []
            assert "LEVEL in 'bar': no conversion to '%'" in site.status("opcua").last_error


async def test_a_password_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "opcua").mkdir()
    password = tmp_path / "opcua" / f"{PLANT}.password"
    password.write_text("secret")
    password.chmod(0o644)
    options = {"security": "basic256sha256_sign", "user": "reader"}
    async with reading_site(tmp_path, "opc.tcp://127.0.0.1:1/plant", **options) as site:
        await until(lambda: "expected 0600" in site.status("opcua").state)
