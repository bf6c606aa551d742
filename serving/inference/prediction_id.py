"""Names of predictions: each says by itself which version answered and when, and can't be invented.

`<registry name>.<version>.<UUID version 7>.<tag>`, the tag being a keyed hash of the rest. So lineage needs no
store of predictions, and goes on working after a restart.

Belongs here: writing and reading such names. Doesn't belong here: what is behind a version (`service.py`).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from serving.uuid7 import uuid7_hex

TAG_BYTES = 8
LONGEST_ID = 200
_FORM = re.compile(
    r"(?P<signed>(?P<model>[a-z][a-z0-9_]{0,99})\.(?P<version>[1-9][0-9]{0,8})\.(?P<uuid>[0-9a-f]{32}))"
    rf"\.(?P<tag>[0-9a-f]{{{2 * TAG_BYTES}}})"
)


class PredictionIdError(ValueError):
    """A text that no service with this key gave as a prediction's name."""


class PredictionRef(NamedTuple):
    """What a prediction's name says."""

    model: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PredictionIds:
    """Names of predictions under one key.

    Attributes:
        key: 16 to 64 bytes that only the services of one deployment know.
    """

    key: bytes

    def new(self, model: str, version: int) -> str:
        """The name of a prediction made now."""
        signed = f"{model}.{version}.{uuid7_hex()}"
        return f"{signed}.{self._tag(signed)}"

    def read(self, text: str) -> PredictionRef:
        """What a name says.

        Raises:
            PredictionIdError: not of this form, or signed with another key.
        """
        found = _FORM.fullmatch(text) if len(text) <= LONGEST_ID else None
        if found is None or not compare_digest(found["tag"], self._tag(found["signed"])):
            raise PredictionIdError(text[:LONGEST_ID])
        at = datetime.fromtimestamp(int(found["uuid"][:12], 16) / 1000, UTC)
        return PredictionRef(found["model"], int(found["version"]), at)

    def _tag(self, signed: str) -> str:
        return blake2b(signed.encode(), digest_size=TAG_BYTES, key=self.key).hexdigest()
