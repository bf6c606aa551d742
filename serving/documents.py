"""`python -m serving.documents gateway` prints the OpenAPI document of a service, without starting it.

The screen's types are made from it (`make ui-types`).
"""

import importlib
import sys
import tempfile
from pathlib import Path

import orjson

from serving.server import NAMES, Name
from serving.settings import ServingSettings


def document(name: Name) -> dict[str, object]:
    """What /openapi.json of a service answers."""
    with tempfile.TemporaryDirectory() as home:
        app = importlib.import_module(f"serving.{name}.app").create_app(ServingSettings(home=Path(home)))
    return app.openapi()


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in NAMES:
        sys.exit(f"expected `python -m serving.documents {'|'.join(NAMES)}`")
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(document(NAMES[NAMES.index(arguments[0])]), option=options))


if __name__ == "__main__":
    main(sys.argv[1:])
