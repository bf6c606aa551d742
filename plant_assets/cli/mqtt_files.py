"""What a broker of our own needs: users and passwords by role, who may do what, and Mosquitto's configuration.

Belongs here: the files and their content. Doesn't belong here: the command (`mqtt.py`), starting the broker (`up.py`).
"""

import os
import pwd
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from plant_assets.profile.model import PlantProfile
from plant_assets.settings import PipelineSettings

Role = Literal["sensor", "live", "sink", "reader"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_MEANINGS: Mapping[Role, str] = {
    "sensor": "publishes readings: the site's devices, the simulator, replays",
    "live": "the live service: takes readings, publishes scores and warnings",
    "sink": "takes readings and scores, for a store",
    "reader": "takes scores and warnings, for screens",
}
OWN_RULES = "# Rules below this line are your own: they stay when this file is written again."
_HOST = "127.0.0.1"
_BYTES = 24


def broker_folder(settings: PipelineSettings) -> Path:
    """Where the broker's files are by default."""
    return settings.home / "mqtt"


def mosquitto_program() -> str | None:
    """Where Mosquitto is; None where it isn't installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def password_path(folder: Path, role: Role) -> Path:
    """The file with a role's password."""
    return folder / f"{role}.password"


def write_broker_files(
    folder: Path,
    settings: PipelineSettings,
    profiles: Sequence[PlantProfile],
    chosen: Mapping[Role, str] | None = None,
) -> list[Role]:
    """Write what is missing, and what follows from settings and profiles; passwords stay as they are.

    Args:
        folder: of the files; made if absent.
        settings: of the platform.
        profiles: whose topics sensors may publish to.
        chosen: passwords that take the place of those that are there, or of random ones.

    Returns:
        the roles whose passwords are new.

    Raises:
        OSError: a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "store").mkdir(exist_ok=True, mode=0o700)
    (folder / "conf.d").mkdir(exist_ok=True, mode=0o700)
    given = dict(chosen or {})
    new: list[Role] = [role for role in ROLES if role in given or not password_path(folder, role).exists()]
    for role in new:
        _write_private(password_path(folder, role), given.get(role) or secrets.token_urlsafe(_BYTES))
    _write_hashes(folder, new)
    _write_private(folder / "acl", _acl(folder / "acl", profiles))
    _write_private(folder / "mosquitto.conf", configuration(folder, settings.port_mqtt))
    return new


def configuration(folder: Path, port: int) -> str:
    """Mosquitto's configuration: on this machine alone, with users, and with room for what waits."""
    return f"""\
# Written by `forewarn mqtt secrets` and `forewarn up --broker`; what you add belongs into conf.d/*.conf.
listener {port} {_HOST}
user {pwd.getpwuid(os.geteuid()).pw_name}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/store/
# Messages that the broker has taken are on the disk after so many seconds.
autosave_interval 5
# What waits for a service that is away; without these, Mosquitto drops all but 1000 messages.
max_queued_messages 1000000
max_queued_bytes 1000000000
max_inflight_messages 2000
max_packet_size 16777216
log_dest stdout
log_type error
log_type warning
log_type notice
include_dir {folder}/conf.d
"""


def _acl(path: Path, profiles: Sequence[PlantProfile]) -> str:
    """Who may do what; rules that somebody added stay."""
    mapped = sorted({topic.filter for profile in profiles for topic in profile.live.mqtt.topics})
    rules: Mapping[Role, Sequence[str]] = {
        "sensor": [
            "write forewarn/+/readings",
            *(f"write {topic}" for topic in mapped),
            "readwrite spBv1.0/#",
        ],
        "live": ["read #", "write forewarn/+/scores", "write forewarn/+/warnings", "readwrite spBv1.0/#"],
        "sink": ["read forewarn/+/readings", "read forewarn/+/scores", "read forewarn/+/warnings"],
        "reader": ["read forewarn/+/scores", "read forewarn/+/warnings"],
    }
    lines = ["# Written by `forewarn mqtt secrets` and `forewarn up --broker`."]
    for role in ROLES:
        lines += ["", f"# {ROLE_MEANINGS[role]}", f"user {role}", *(f"topic {rule}" for rule in rules[role])]
    own = path.read_text("utf-8").partition(OWN_RULES)[2].strip("\n") if path.exists() else ""
    return "\n".join([*lines, "", OWN_RULES, *([own] if own else [])]) + "\n"


def _write_hashes(folder: Path, new: Sequence[Role]) -> None:
    """Bring the password file up to date; users that somebody added stay."""
    from serving.broker.passwords import hash_password

    path = folder / "passwords"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    kept = {line.partition(":")[0]: line for line in lines if line.strip()}
    for role in ROLES:
        if role in new or role not in kept:
            kept[role] = f"{role}:{hash_password(password_path(folder, role).read_text('utf-8').strip())}"
    _write_private(path, "\n".join(kept.values()) + "\n")


def _write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    content = text if text.endswith("\n") else f"{text}\n"
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    draft.replace(path)
