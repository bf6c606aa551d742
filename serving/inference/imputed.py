"""Which of a model's inputs were missing, told briefly: `LT301031*` stands for all features of a tag.

Belongs here: the names in `imputed`. Doesn't belong here: what stands in for missing values (`serving.bundle`).
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


class ImputedNames:
    """Names for missing features; a pattern stands for several, and only where all that it matches are missing.

    Args:
        names: of the model's features, in order.
        sources: tags and deviations that features are made of; names of features begin with one.
    """

    def __init__(self, names: Sequence[str], sources: Sequence[str]) -> None:
        self._names = names
        known = frozenset(names)
        patterns = [p for source in sources for p in _patterns(source, source in known)]
        members = [[fnmatchcase(name, pattern) for name in names] for pattern in patterns]
        self._patterns = patterns
        self._members = np.array(members, dtype=bool).reshape(len(patterns), len(names))
        self._weights, self._sizes = self._members.astype(np.float32), self._members.sum(axis=1)

    def of(self, missing: Flags) -> list[str]:
        """Patterns and names that match the missing features (features,) and no others."""
        if not missing.any():
            return []
        left = missing.copy()
        return [*self._whole(missing, left), *(self._names[i] for i in np.flatnonzero(left).tolist())]

    def _whole(self, missing: Flags, left: Flags) -> Iterator[str]:
        """Patterns of several features that are all missing; what they match is taken out of `left`."""
        full = (self._weights @ missing.astype(np.float32) == self._sizes) & (self._sizes > 1)
        for place in np.flatnonzero(full):
            held = self._members[place]
            if (left & held).sum() > 1:
                left &= ~held
                yield self._patterns[place]


def _patterns(source: str, is_feature: bool) -> list[str]:
    """The source with all that is made of it, and what is made of it alone."""
    return [f"{source}*", f"{source}_*"] if is_feature else [f"{source}_*"]
