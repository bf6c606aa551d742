"""notify.yaml: read where only its owner may read it; each fault with its line, none with an address."""

from pathlib import Path

import pytest

from plant_assets.profile.variables import SettingsError
from serving.live.outputs.notify.options import NotifyOptions, read_notify_options

WHOLE = """\
targets:
  - name: shift
    url: mailtos://user:hidden-word@smtp.example?to=shift@plant.example
    plants: [demo]
    severity: high
    on_delay: 5m
    quiet_hours: {start: "22:00", end: "06:00"}
"""


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "notify.yaml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_target_is_read_and_its_address_is_shown_to_nobody(tmp_path: Path) -> None:
    options = read_notify_options(write(tmp_path, WHOLE))
    assert options is not None
    [target] = options.targets
    assert (target.name, target.plants, target.severity) == ("shift", ("demo",), "high")
    assert target.on_delay is not None
    assert target.on_delay.total_seconds() == 300
    assert "hidden-word" not in repr(options)
    assert "hidden-word" in target.url.get_secret_value()


def test_without_the_file_nobody_is_notified(tmp_path: Path) -> None:
    assert read_notify_options(tmp_path / "notify.yaml") is None


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"others may read it \(mode 0640\); expected 0600"):
        read_notify_options(write(tmp_path, WHOLE, 0o640))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("mailtos://user", "nonsense://user", r":3: targets\[0\].url: expected an address of Apprise"),
        ("severity: high", "severity: dire", r":5: targets\[0\].severity: expected 'warning' or 'high'"),
        (
            "severity: high",
            "severty: high",
            r":5: targets\[0\].severty: unknown field; did you mean severity",
        ),
        ("on_delay: 5m", "on_delay: soon", r":6: targets\[0\].on_delay: expected a duration"),
        (
            '"22:00"',
            '"25:00"',
            r":7: targets\[0\].quiet_hours.start: expected a time of the day such as 22:00",
        ),
        ('"22:00"', '"06:00"', r":7: targets\[0\].quiet_hours: expected start and end to differ"),
        ("plants: [demo]", "plants: demo", r":4: targets\[0\].plants: expected a list"),
        ("name: shift", "name: Shift!", r":2: targets\[0\].name: expected lower case letters"),
        (WHOLE, "- nonsense\n", r":1: expected a mapping with targets"),
        (WHOLE, "targets: []\n", r":1: targets: expected at least one"),
        (WHOLE, WHOLE + WHOLE.removeprefix("targets:\n"), r"targets: several are called shift"),
        (WHOLE, "targets: {\n", r"notify.yaml:2: "),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        read_notify_options(write(tmp_path, WHOLE.replace(was, becomes)))
    assert "hidden-word" not in str(refused.value)


def test_every_fault_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read_notify_options(write(tmp_path, WHOLE.replace("high", "dire").replace("5m", "soon")))
    assert [line.split(":")[1] for line in str(refused.value).splitlines()] == ["5", "6"]


def test_a_target_needs_no_more_than_a_name_and_an_address() -> None:
    target = {"name": "control_room", "url": "json://127.0.0.1:1/x"}
    [read] = NotifyOptions.model_validate({"targets": [target]}).targets
    assert (read.plants, read.severity, read.on_delay, read.quiet_hours) == ((), "warning", None, None)
