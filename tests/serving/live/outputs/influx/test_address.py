"""A store's URL says where it is and how it is spoken to; a wrong one is refused by its variable, without a password."""

import pytest

from plant_assets.profile.variables import SettingsError
from serving.live.outputs.influx.address import StoreAddress, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("influx1://host/plant", StoreAddress("influx1", "http://host:8086", "plant")),
        ("influx1://writer@host:1/a%20b", StoreAddress("influx1", "http://host:1", "a b", user="writer")),
        ("influx2+https://host/site/live", StoreAddress("influx2", "https://host:8086", "live", "site")),
        ("influx3://[::1]/plant", StoreAddress("influx3", "http://[::1]:8181", "plant")),
        ("victoria://host", StoreAddress("victoria", "http://host:8428")),
        ("victoria+https://me@host:443/", StoreAddress("victoria", "https://host:443", user="me")),
    ],
)
def test_each_store_has_a_form(url: str, address: StoreAddress) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://host:8086", "expected influx1://host:8086/database"),
        ("influx://host/x", "expected influx1://host:8086/database"),
        ("influx1://host", "expected influx1://host:8086/database"),
        ("influx2://host/bucket", "expected influx2://host:8086/organisation/bucket"),
        ("victoria://host/db", "expected victoria://host:8428"),
        ("influx1://host:port/db", "Port could not be cast"),
        ("influx1:///db", "expected influx1://"),
        ("influx1://u:secret@host/db", "a password in the URL; expected it in the file"),
        ("influx2://u@host/a/b", "a user in the URL"),
        ("nonsense://u:secret@host/db", "expected influx1://"),
    ],
)
def test_other_urls_are_refused(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match="FOREWARN_TSDB_URL: ") as refused:
        parse_address(url)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
