import stat
from pathlib import Path

import pytest

from plant_assets.profile.variables import SettingsError
from serving.secret_file import load_secret

LOST = "older names are refused"


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "serving" / "prediction.key"
    secret = load_secret(path, LOST)
    assert len(secret) >= 43
    assert load_secret(path, LOST) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["prediction.key"]


def test_two_deployments_have_two(tmp_path: Path) -> None:
    assert load_secret(tmp_path / "a", LOST) != load_secret(tmp_path / "b", LOST)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_secret(path, LOST)
    path.chmod(0o640)
    with pytest.raises(
        SettingsError, match=r"key: other users can read .*mode 0640.*expected 0600.*older names"
    ):
        load_secret(path, LOST)


@pytest.mark.parametrize("content", ["", "short", "\n" * 100])
def test_a_short_one_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(SettingsError, match="characters; expected at least 43"):
        load_secret(path, LOST)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"file/key: .*; expected a folder that can be written"):
        load_secret(tmp_path / "file" / "key", LOST)
