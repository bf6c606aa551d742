"""Folders in the system's temporary folder, where every account of the machine may write: ours alone, or none."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from plant_assets.cli.supervision import socket_path
from plant_assets.ingest.history import history
from plant_assets.models.registry_connection import MlflowConnection
from plant_assets.profile.private_folder import private_folder
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import PipelineSettings

FOLDERS: dict[str, Callable[[], Path]] = {
    "socket": lambda: socket_path(PipelineSettings()).parent,
    "history": lambda: history._lock_path("s3://lake/a/history").parent,
    "promotions": lambda: MlflowConnection("http://mlflow")._locks,
}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("make", FOLDERS.values(), ids=FOLDERS)
def test_is_of_this_account_alone(make: Callable[[], Path], temporary: Path) -> None:
    before = os.umask(0)
    try:
        folder = make()
        assert make() == folder
    finally:
        os.umask(before)
    assert folder.parent == temporary
    status = folder.lstat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, os.getuid())


@pytest.mark.parametrize("make", FOLDERS.values(), ids=FOLDERS)
@pytest.mark.parametrize("fault", ["open", "link", "file", "foreign"])
def test_one_that_somebody_else_may_have_made_is_refused(
    make: Callable[[], Path], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make()
    if fault == "open":
        folder.chmod(0o777)
    elif fault == "foreign":
        if os.getuid() != 0:
            pytest.skip("only root gives a folder to another account")
        os.chown(folder, 12345, 12345)
    else:
        folder.rmdir()
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere") if fault == "link" else folder.write_text("")
    with pytest.raises(SettingsError, match=f"{folder}.*TMPDIR"):
        make()


def test_has_a_short_name() -> None:
    """The path of a socket has at most 107 bytes."""
    assert len(private_folder("0123456789ab").name) < 40
