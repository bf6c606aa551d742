"""The same unusable content under several names: one run puts all of it aside."""

import os
from pathlib import Path

import pytest

from tests.ingest.drops import NOW, PROFILE, Site

BAD = "timestamp,P\n2015-01-31 00:00:00,high\n2015-01-31 01:00:00,low\n"


def wait(site: Site, *names: str, content: str = BAD) -> list[Path]:
    """Files of that content, which the sensor has seen and nobody has read."""
    paths = [site.folder / name for name in names]
    for path in paths:
        path.write_text(content)
    return paths


def asked_for(site: Site, looks: int = 2) -> list[Path]:
    ready = [site.ledger.scan(site.folder, PROFILE.name, NOW) for _ in range(looks)][-1]
    site.ledger.request(ready, "run", NOW)
    return [entry.path for entry in ready]


@pytest.mark.parametrize("looks", [1, 2], ids=["seen", "settled"])
def test_all_that_wait_are_refused_by_the_run_of_the_first(site: Site, looks: int) -> None:
    wait(site, "a.csv")
    first = asked_for(site)
    others = wait(site, "b.csv", "c.csv", "d.csv")
    assert asked_for(site, looks) == []
    result = site.drop(*first)
    assert [file.state for file in result.files] == ["refused"] * 4
    assert {Path(file.path).name for file in result.files} == {"a.csv", "b.csv", "c.csv", "d.csv"}
    assert not any(path.exists() for path in others)
    assert set(site.states().values()) == {"refused"}
    assert asked_for(site) == []
    assert len(list(site.quarantine.glob("*.csv"))) == 4


def test_a_file_that_only_has_the_same_size_is_read_for_itself(site: Site) -> None:
    wait(site, "a.csv")
    first = asked_for(site)
    (other,) = wait(site, "b.csv", content=BAD.replace("high", "1.00").replace("low", "2.5"))
    asked_for(site)
    assert [file.state for file in site.drop(*first).files] == ["refused"]
    assert other.exists()
    assert site.states()["b.csv"] == "requested"


def test_where_the_name_decides_each_is_read_for_itself(site: Site) -> None:
    """The tag of a file's only series may be its name, and its format the extension."""
    content = "time,value\n2015-01-31 00:00:00,1\n2015-01-31 01:00:00,2\n"
    wait(site, "unnamed.csv", content=content)
    first = asked_for(site)
    (by_tag,) = wait(site, "P.csv", content=content)
    asked_for(site)
    assert site.drop(*first).files[0].state == "refused"
    assert by_tag.exists()


def test_a_twin_elsewhere_stays_where_it_is(site: Site, tmp_path: Path) -> None:
    wait(site, "a.csv")
    first = asked_for(site)
    (twin,) = wait(site, "b.csv")
    site.ledger.scan(site.folder, PROFILE.name, NOW)
    outside = tmp_path / "outside.csv"
    outside.write_text(BAD)
    stamp = twin.stat()
    twin.unlink()
    twin.symlink_to(outside)
    os.utime(outside, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert len(site.drop(*first).files) == 1
    assert outside.exists()
    assert twin.is_symlink()
