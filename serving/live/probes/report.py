"""What a trial of a plant's source found, and which of its readings the plant would take.

Belongs here: the shape, and a plant's judgement of readings without storing any. Doesn't belong here: the sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from plant_assets.profile.model import PlantProfile
from serving.live.admission import PlantAdmission
from serving.live.readings import IntakeReceipt, RawReading

MOST_FAULTS = 50


@dataclass(slots=True)
class ProbeReport:
    """What a trial found.

    Attributes:
        path: of the profile's section, such as `live.opcua`, or the setting that the source needs; empty: none brings
            readings by itself.
        place: the other side, for people.
        faults: each begins with a path of the profile, or a setting.
        notes: what is worth knowing and no fault, each with its place too.
        unmapped: name that is no tag's → how often it came.
        columns: of the plant, for which a value came.
    """

    path: str
    place: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unmapped: dict[str, int] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)

    def refuse(self, path: str, reason: str) -> None:
        """Note a fault; one a path is told, and of very many the first ones."""
        if len(self.faults) < MOST_FAULTS and not any(fault.startswith(f"{path}: ") for fault in self.faults):
            self.faults.append(f"{path}: {reason}")

    def judge(self, profile: PlantProfile, readings: Sequence[RawReading], paths: Sequence[str]) -> None:
        """Note what the plant would take of readings, and what not.

        Args:
            profile: of the plant.
            readings: of the source.
            paths: where the profile names each; its unmapped ones go by their names alone.
        """
        receipt = IntakeReceipt()
        admitted = PlantAdmission(profile).admit(readings, paths, receipt)
        self.columns |= {reading.column for reading in admitted}
        for name, count in receipt.unmapped.items():
            self.unmapped[name] = self.unmapped.get(name, 0) + count
        for one in receipt.refused:
            self.refuse(one.place, f"{one.reason}; expected {one.expected}")
