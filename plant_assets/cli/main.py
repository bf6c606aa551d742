"""The `forewarn` command. Commands live beside this file, one file a subject."""

import typer

from plant_assets.cli import drop, imports, load, models, plant, read, serve, simulate, train, up, user
from plant_assets.cli.console import fail
from plant_assets.profile.load import ProfileError
from plant_assets.profile.variables import SettingsError
from plant_assets.settings import read_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Early warning for process plants.",
)


@app.callback()
def _check_settings() -> None:
    try:
        read_settings()
    except (SettingsError, ProfileError) as error:
        fail(str(error))


app.command()(up.up)
app.command()(up.down)
app.command()(up.ps)
app.command()(up.logs)
app.command()(serve.serve)
app.command()(read.read)
app.command()(drop.drop)
app.command("import")(imports.import_folder)
app.command()(models.promote)
app.command()(models.rollback)
app.command("models")(models.list_models)
app.command()(simulate.simulate)
app.command()(train.train)
app.command()(load.load)
app.add_typer(plant.app, name="plant")
app.add_typer(user.app, name="user")
