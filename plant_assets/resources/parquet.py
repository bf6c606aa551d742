"""Assets as Parquet files: `<root>/<plant>/assets/<asset>.parquet`, on a disk or an object store."""

from io import BytesIO
from typing import Self

import dagster as dg
import polars as pl
from dagster._core.storage.upath_io_manager import UPathIOManager
from upath import UPath

from plant_assets.resources.files import write_whole
from plant_assets.settings import PipelineSettings


class ParquetIOManager(UPathIOManager):
    """Writes Polars frames; a reader sees the old file or the new one, never a part of either."""

    extension = ".parquet"

    def dump_to_path(self, context: dg.OutputContext, obj: pl.DataFrame, path: UPath) -> None:
        """Write a frame beside its place, then move it there.

        Raises:
            TypeError: the asset returned something other than a Polars frame.
        """
        if not isinstance(obj, pl.DataFrame):
            raise TypeError(f"{context.asset_key.to_user_string()}: expected a Polars frame, got {type(obj)}")
        buffer = BytesIO()
        obj.write_parquet(buffer)
        write_whole(path, buffer.getbuffer())

    def load_from_path(self, context: dg.InputContext, path: UPath) -> pl.DataFrame:
        """Read a frame.

        Raises:
            FileNotFoundError: the asset was never materialized; says so.
        """
        if not path.exists():
            raise FileNotFoundError(
                f"{context.asset_key.to_user_string()} has not been materialized yet: no {path}"
            )
        with path.open("rb") as source:
            return pl.read_parquet(source)

    def get_asset_relative_path(self, context: dg.InputContext | dg.OutputContext) -> UPath:
        plant, *rest = context.asset_key.path
        return UPath(plant, "assets", *rest)


class ParquetAssets(dg.ConfigurableIOManagerFactory):
    """The Parquet IO manager of a lake.

    Attributes:
        root: folder or `s3://…` of the lake.
    """

    root: str

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        return cls(root=settings.lake_root)

    def create_io_manager(self, context: dg.InitResourceContext) -> ParquetIOManager:  # noqa: ARG002
        return ParquetIOManager(base_path=UPath(self.root))
