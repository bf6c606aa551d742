"""The feature kernel that computes a model's inputs from a window of raw rows.

Belongs here: which kernel a bundle asks for, and the order of its values. Doesn't belong here: the kernels
(`plant_assets.features`).
"""

from collections.abc import Callable, Sequence

import numpy as np

from plant_assets.bundle.manifest import BundleManifest
from plant_assets.features.arrays import Floats
from plant_assets.features.errors import FeatureError
from plant_assets.features.numpy_engine import NewestRow
from plant_assets.features.spec import FeatureSpec, look_back
from plant_assets.features.windows import NewestWindow, window_columns
from plant_assets.profile.model import PlantProfile

Kernel = Callable[[Floats], Floats]
"""From a window (rows, sources), oldest first, to the features (features,) of its newest row."""


class InputError(ValueError):
    """A bundle whose inputs this release can't compute."""


def kernel_of(manifest: BundleManifest, sources: list[str]) -> Kernel:
    """The kernel for a bundle's features.

    Raises:
        InputError: the bundle asks for features that no kernel computes.
    """
    if manifest.feature_set == "window_features":
        return _reorder(manifest.profile, manifest.names)
    if plain := [f.name for f in manifest.features if not f.kind]:
        raise InputError(f"feature {plain[0]!r}: the bundle lacks its definition; export the model again")
    try:
        return NewestRow([FeatureSpec(**f.model_dump()) for f in manifest.features], sources)
    except FeatureError as error:
        raise InputError(f"{error}; export the model again") from None


def rows_needed(manifest: BundleManifest) -> int:
    """How many of the newest rows the kernel looks at."""
    if manifest.feature_set == "window_features":
        return manifest.profile.features.window_steps
    return max(look_back([FeatureSpec(**f.model_dump()) for f in manifest.features]), 1)


def _reorder(profile: PlantProfile, names: Sequence[str]) -> Kernel:
    """The window kernel, its values in the order of a model's features."""
    places = {name: i for i, name in enumerate(window_columns(profile))}
    if unknown := [name for name in names if name not in places]:
        raise InputError(
            f"window feature {unknown[0]!r}: this release does not support it; export the model again"
        )
    kernel, order = NewestWindow(profile), np.array([places[name] for name in names], dtype=np.intp)
    return lambda window: kernel(window)[order]
