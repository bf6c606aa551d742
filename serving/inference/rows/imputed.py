"""Which of a model's inputs were missing, told briefly: `LT301031*` stands for all features of a tag.

Belongs here: the names in `imputed`. Doesn't belong here: what stands in for missing values (`plant_assets.bundle.bundle`).
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from plant_assets.features.arrays import Flags


class ImputedNames:
    """Names for missing features; a pattern stands for several, and only where all that it matches are missing.

    Args:
        names: of the model's features, in order.
        sources: tags and deviations that features are made of; names of features begin with one.
    """

    def __init__(self, names: Sequence[str], sources: Sequence[str]) -> None:
        known = frozenset(names)
        self._bits = [(name, 1 << place) for place, name in enumerate(reversed(names))][::-1]
        patterns = [p for source in sources for p in _patterns(source, source in known)]
        held = [sum(bit for name, bit in self._bits if fnmatchcase(name, pattern)) for pattern in patterns]
        self._patterns = [(p, bits) for p, bits in zip(patterns, held, strict=True) if bits.bit_count() > 1]

    def of(self, missing: Flags) -> list[str]:
        """Patterns and names that match the missing features (features,) and no others."""
        # As one number, since 30 comparisons of arrays would take a tenth of a millisecond.
        gone = left = int.from_bytes(np.packbits(missing).tobytes(), "big") >> -len(missing) % 8
        told: list[str] = []
        for pattern, bits in self._patterns:
            if gone & bits == bits and (left & bits).bit_count() > 1:
                left &= ~bits
                told.append(pattern)
        return told + [name for name, bit in self._bits if left & bit] if left else told


def _patterns(source: str, is_feature: bool) -> list[str]:
    """The source with all that is made of it, and what is made of it alone."""
    return [f"{source}*", f"{source}_*"] if is_feature else [f"{source}_*"]
