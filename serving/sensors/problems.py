"""What sensors refuses, beside what all services do (`serving.errors`)."""

from serving.errors import RETRY_LATER, Problem


class ScenarioNotApplicable(Problem):
    """A scenario whose tags the plant doesn't have."""

    status = 422
    slug = "scenario-not-applicable"
    title = "The plant lacks the tags of this scenario"


class PlantStopped(Problem):
    status = 503
    slug = "plant-stopped"
    title = "The simulated plant has stopped"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers=RETRY_LATER)
