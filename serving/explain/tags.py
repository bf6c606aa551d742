"""Which tag or controller a feature belongs to.

Belongs here: the names under which contributions are summed. Doesn't belong here: contributions.
"""

from plant_assets.profile.model import PlantProfile


class TagOwners:
    """Tags and controllers of a plant, found by the names of features.

    Args:
        profile: the plant.
    """

    def __init__(self, profile: PlantProfile) -> None:
        sources = {tag.name: tag.name for tag in profile.tags}
        sources |= {f"{controller}_deviation": controller for controller in profile.controllers}
        self._sources = sorted(sources.items(), key=lambda item: len(item[0]), reverse=True)

    def of(self, feature: str) -> str:
        """The tag that a feature is made of; of a deviation the controller; else the feature's own name.

        Names begin with their source, in features, in windows and in extremes: the longest that fits is meant.
        """
        for source, owner in self._sources:
            if feature == source or feature.startswith(f"{source}_"):
                return owner
        return feature
