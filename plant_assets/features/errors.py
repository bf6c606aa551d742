"""What the feature kernel refuses."""


class FeatureError(ValueError):
    """A feature that can't be computed; the text names the feature, column or row and what was expected."""
