"""Names of scenarios, for who speaks of them without a simulator.

Belongs here: nothing that needs more than the standard library.
"""

from typing import Literal, get_args

Scenario = Literal["normal", "pressure_rise", "level_swing", "multi_alarm"]
SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)
