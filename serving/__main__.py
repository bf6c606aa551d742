"""`python -m serving inference|gateway|sensors|live` starts one service."""

import os
import sys

# One row is answered by one thread; NumPy's and Polars' own only wait for each other. Set before these load.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

from serving.server import NAMES, serve  # noqa: E402 after the variables


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in NAMES:
        sys.exit(
            f"expected `python -m serving {'|'.join(NAMES)}`, got {' '.join(arguments) or 'no service'!r}"
        )
    serve(NAMES[NAMES.index(arguments[0])])


if __name__ == "__main__":
    main(sys.argv[1:])
