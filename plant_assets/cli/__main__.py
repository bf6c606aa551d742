"""`python -m plant_assets.cli`: the `forewarn` command, for processes that start it by their own interpreter."""

from plant_assets.cli.main import app

app()
