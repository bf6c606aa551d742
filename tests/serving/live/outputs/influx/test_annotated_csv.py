"""CSV of Flux queries: annotated, plain, several tables; each row that can't be used is named by its line."""

import pytest

from serving.live.outputs.influx.annotated_csv import RowFault, StoredValue, read_annotated

ANNOTATED = """\
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string
#group,false,false,true,true,false,false,true,true,true
#default,_result,,,,,,,,site
,result,table,_start,_stop,_time,_value,_field,_measurement,plant
,,0,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z,2025-01-01T00:00:00.123456789Z,1.5,value,m,
,,0,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z,2025-01-01T01:00:00+01:00,,value,m,other

#datatype,string,long,dateTime:RFC3339,long,string,string
#group,false,false,false,false,true,true
#default,_result,,,,,
,result,table,_time,_value,_field,_measurement
,,1,2025-01-01T00:00:00Z,7,n,m
"""
PLAIN = """\
_time,_value,_field,tag
2025-01-01T00:00:00Z,true,value,"FT, 101"
2025-01-01T00:01:00Z,NaN,value,FT101
"""
EPOCH_US = 1_735_689_600_000_000


def test_an_annotated_export_is_read_with_its_defaults_and_tables() -> None:
    assert list(read_annotated(ANNOTATED.splitlines())) == [
        StoredValue("m", {"plant": "site"}, "value", 1.5, EPOCH_US + 123456, "line 5"),
        StoredValue("m", {"plant": "other"}, "value", None, EPOCH_US, "line 6"),
        StoredValue("m", {}, "n", 7.0, EPOCH_US, "line 12"),
    ]


def test_a_plain_export_is_read_by_its_header() -> None:
    assert list(read_annotated(PLAIN.splitlines())) == [
        StoredValue("", {"tag": "FT, 101"}, "value", 1.0, EPOCH_US, "line 2"),
        StoredValue("", {"tag": "FT101"}, "value", None, EPOCH_US + 60_000_000, "line 3"),
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("yesterday,1,v,FT101", "_time is 'yesterday'; expected a time such as"),
        ("2025-01-01T00:00:00Z,much,v,FT101", "_value is 'much'; expected a number"),
        ("2025-01-01T00:00:00Z,1_0,v,FT101", "_value is '1_0'; expected a number"),
        ("2025-01-01T00:00:00Z,inf,v,FT101", "_value is 'inf'; expected a number"),
        ("2025-01-01T00:00:00Z,1,v", "3 cells; expected 4"),
    ],
)
def test_a_bad_row_is_named_and_the_next_is_read(row: str, said: str) -> None:
    good = "2025-01-01T00:00:00Z,2,v,FT101"
    bad, value = read_annotated(["_time,_value,_field,tag", row, good])
    assert isinstance(bad, RowFault)
    assert bad.place == "line 2"
    assert said in bad.reason
    assert isinstance(value, StoredValue)
    assert value.value == 2.0


def test_a_table_without_times_is_told_once() -> None:
    [fault] = read_annotated(["error,reference", "unauthorized,897", "again,898"])
    assert isinstance(fault, RowFault)
    assert "no column _time and _value among error, reference" in fault.reason
