"""Types of NumPy arrays, so that a signature says what an array holds.

Belongs here: what more than one folder names. Doesn't belong here: shapes, which docstrings give.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Labels = NDArray[np.int8]
"""One a row: 0 or 1, or the number of its class."""
Index = NDArray[np.intp]
"""Positions in another array."""
