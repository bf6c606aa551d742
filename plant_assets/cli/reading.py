"""What a person tells of exports on the command line, in place of what would be guessed."""

from typing import Annotated, get_args

import typer
from pydantic import ValidationError

from plant_assets.cli.console import fail
from plant_assets.profile.options import QualityScale, ReadingOptions

Names = Annotated[str, typer.Option(help="columns of files without a header, separated by commas")]
Header = Annotated[str, typer.Option(help="none: files have no header, and columns are numbered")]
Decimal = Annotated[str, typer.Option(help="decimal mark of text files: . or ,")]
Step = Annotated[str, typer.Option(help="how far apart rows are in files without times, such as 3m")]
Quality = Annotated[str, typer.Option(help=f"scale of qualities: {', '.join(get_args(QualityScale))}")]


def told_reading(names: str, header: str, decimal: str, quality: str, step: str) -> ReadingOptions:
    """The options as a profile has them; an end with a sentence where one can't be."""
    if header not in ("", "none"):
        fail(f"--header {header}: expected none")
    columns = [name.strip() for name in names.split(",")] if names else [] if header else None
    told = {"names": columns, "decimal": decimal or None, "quality": quality or None, "step": step or None}
    try:
        return ReadingOptions.model_validate(told)
    except ValidationError as error:
        fault = error.errors()[0]
        fail(f"--{fault['loc'][0]} {fault['input']}: {fault['msg']}")
