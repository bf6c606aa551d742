"""The command line, called in this process."""

from typer.testing import CliRunner

from plant_assets.cli.main import app


def run(*arguments: str) -> tuple[int, str]:
    """Exit status and everything printed, on one line."""
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.split())
