"""A metric's quality: the OPC code in its property `Quality`.

Belongs here: codes. Doesn't belong here: OPC UA's own status codes (`sources/opcua`).
"""

from collections.abc import Mapping
from typing import Literal

from serving.live.sources.sparkplug.payload import PropertyScalar

ValueQuality = Literal["good", "uncertain", "bad"]
_STALE = 500
_MOST = 0xC0
"""The two upper bits of an OPC DA code."""
_DA: dict[int, ValueQuality] = {0xC0: "good", 0x40: "uncertain", 0x00: "bad", 0x80: "bad"}
_UNCERTAIN_FROM, _BAD_FROM = 256, 512
"""Where gateways go on beyond OPC DA: 256 to 511 are uncertain but for 500, which is stale."""


def quality_of(properties: Mapping[str, PropertyScalar]) -> ValueQuality:
    """The quality that a metric states; good where it states none.

    0 is bad, 192 good and 500 stale in the specification; other codes are read as OPC DA's, and what is above those
    as gateways write it. What isn't a number is bad: nobody can say what it means.
    """
    code = next((value for key, value in properties.items() if key.casefold() == "quality"), 192)
    if not isinstance(code, int | float) or code < 0 or code == _STALE:
        return "bad"
    if code < _UNCERTAIN_FROM:
        return _DA[int(code) & _MOST]
    return "uncertain" if code < _BAD_FROM else "bad"
