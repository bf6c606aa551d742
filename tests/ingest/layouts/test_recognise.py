"""What a table says of itself, with and without a plant's names."""

import polars as pl
import pytest

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.decode.text import decode_text
from plant_assets.ingest.layouts.names import PlantNames
from plant_assets.ingest.layouts.recognise import recognise_table
from plant_assets.ingest.layouts.table import RecognisedTable
from tests.ingest.cases import PLANT

TIMES = [f"2024-01-01 {hour:02}:00" for hour in range(20)]


def table(*rows: str, names: PlantNames | None = None, stem: str = "export") -> RecognisedTable:
    text = "\n".join([*rows[:-1], *(f"{rows[-1].replace('T', time)}" for time in TIMES)]) + "\n"
    (grid,) = decode_text(text.encode()).grids
    return recognise_table(grid, names or PlantNames(None), stem)


def roles(found: RecognisedTable) -> dict[str, tuple[str, str]]:
    return {column.title: (column.role, column.why) for column in found.columns}


def test_each_column_of_a_wide_table_has_a_role_and_those_that_nobody_reads_a_reason() -> None:
    found = table(
        "timestamp,flow [m3/h],flow_quality,level,level_max,anomaly,comment,,changed",
        "T,1.5,Good,2.5,9,1,fine,7.5,T",
    )
    assert found.kind == "wide"
    assert [(s.title, s.unit, s.qualities) for s in found.series] == [
        ("flow", "m3/h", (2,)),
        ("level", "", ()),
    ]
    assert roles(found) == {
        "timestamp": ("time", ""),
        "flow [m3/h]": ("value", ""),
        "flow_quality": ("quality", ""),
        "level": ("value", ""),
        "level_max": ("unknown", "derived"),
        "anomaly": ("label", "label"),
        "comment": ("unknown", "text"),
        "": ("unknown", "no name"),
        "changed": ("time", ""),
    }


def test_a_column_that_the_plant_knows_is_a_series_whatever_it_holds() -> None:
    rows = ("timestamp,TE301020,PDT31008", "T,Bad,1")
    assert [s.title for s in table(*rows).series] == ["PDT31008"]
    assert [s.title for s in table(*rows, names=PlantNames(PLANT)).series] == ["TE301020", "PDT31008"]


def test_a_long_table_has_a_series_a_tag_with_its_unit() -> None:
    found = table("tag,time,value,unit,status,area", "P [bar],T,1,kPa,Good,north")
    assert found.kind == "long"
    assert [(s.title, s.unit, s.headers, s.qualities) for s in found.series] == [
        ("P", "bar", ("P [bar]",), (4,))
    ]
    assert (found.column_of("tag"), found.column_of("unit")) == (0, 3)
    assert roles(found)["area"] == ("unknown", "text")


@pytest.mark.parametrize(
    ("header", "row", "titles", "kind"),
    [
        ("time,value", "T,1", ["pump"], "per_tag"),
        ("time,level", "T,1", ["level"], "per_tag"),
        ("low,,high,", "1,T,2,T", ["low", "high"], "per_tag"),
        ("PV,Time,OP,Time", "1,T,2,T", ["pump.PV", "pump.OP"], "per_tag"),
        ("low,time,mid,high,changed", "1,T,2,3,T", ["low", "mid", "high"], "wide"),
    ],
)
def test_series_have_times_of_their_own_or_share_them(
    header: str, row: str, titles: list[str], kind: str
) -> None:
    found = table(header, row, stem="pump")
    assert ([s.title for s in found.series], found.kind) == (titles, kind)


@pytest.mark.parametrize(
    ("header", "row", "qualities"),
    [
        ("time,level,Quality", "T,1,Good", [(2,)]),
        ("time,level,flow,Quality", "T,1,2,Good", [(3,), (3,)]),
        ("time,level,Quality,flow,Quality", "T,1,Good,2,Good", [(2,), (4,)]),
        ("time,level,Quality,OPCQuality,flow", "T,1,0,192,2", [(2, 3), (2, 3)]),
        ("time,level,flow,flow_status", "T,1,2,Good", [(), (3,)]),
        ("time,level,Good,Questionable", "T,1,yes,no", [(2, 3)]),
        ("time,level,status", "T,1,7", [(), ()]),
    ],
)
def test_qualities_are_of_the_series_in_their_title_or_before_them_or_of_all(
    header: str, row: str, qualities: list[tuple[int, ...]]
) -> None:
    assert [s.qualities for s in table(header, row).series] == qualities


def test_a_header_of_unknown_words_is_found_below_a_title() -> None:
    found = table("Export of the unit", "moment,speed,load", "bar,rpm,", "T,1,2")
    assert (found.header.row, found.header.begin) == (1, 3)
    assert [(s.title, s.unit) for s in found.series] == [("speed", "rpm"), ("load", "")]


def test_a_sheet_without_times_has_series_without_times() -> None:
    found = recognise_table(CellGrid(pl.DataFrame({"0": ["a", "1"]})), PlantNames(None), "x")
    assert (found.times, [s.times for s in found.series]) == ((), [])


def test_an_operator_log_has_periods() -> None:
    found = table("start,end,fault_code", "T,T,F7")
    assert (found.kind, found.series) == ("periods", ())
    assert [c.role for c in found.columns] == ["start", "end", "reason"]
