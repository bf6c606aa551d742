"""Code pages of texts that are few signs among digits, as headers of exports are."""

import pytest

from plant_assets.ingest.decode.text import to_utf8

ROWS = "\n".join(f"06.05.2024 0{row % 10}:00;{row}.5;7" for row in range(50))


@pytest.mark.parametrize(
    ("header", "page"),
    [
        ("Zeit;Temp °C;P", "cp1252"),
        ("Zeit;Durchfluss m³/h;Druck [bar]", "cp1252"),
        ("Zeit;Leitfähigkeit µS/cm;Größe °C", "cp1252"),
        ("Date;Température (°C);Débit m³/h", "cp1252"),
        ("Data;Przepływ;Ciśnienie", "cp1250"),
        ("Čas;Teplota °C;Tlak", "cp1250"),
        ("Дата;Расход;Давление", "cp1251"),
        ("時刻;流量;圧力 °C", "cp932"),
        ("ﾎﾟﾝﾌﾟ;流量;°C", "cp932"),
        ("ｼﾞｶﾝ;ﾘｭｳﾘｮｳ;P", "cp932"),
        ("Time;Temp ℃;P", "cp932"),
        ("Time;Temp ℃;P", "gb18030"),
        ("时间;温度 °C;流量 m³/h", "gb18030"),
    ],
)
def test_header_is_read_as_it_was_written(header: str, page: str) -> None:
    text, _ = to_utf8(f"{header}\n{ROWS}\n".encode(page))
    assert text.decode().splitlines()[0] == header
