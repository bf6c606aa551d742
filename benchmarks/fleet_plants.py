"""A folder of plants that are alike in shape and share nothing: twenty tags each, written as people write them."""

from pathlib import Path
from typing import get_args

from plant_assets.profile.load import PLANT_TYPE
from plant_assets.profile.model import ModelName

TAGS = 20
ALL_MODELS: tuple[str, ...] = get_args(ModelName)
TWO_MODELS = ("isolation_forest", "champion")
_PLANT = """\
type: {type}

attributes:
  name: {name}
  title: Unit {name}
  simulated: true
  registry_prefix: {name}_alarm_
  sampling: {{interval: 1h, hold_limit: 6h, stale_after: 6h, frozen_after: 24h}}
  tags:
{tags}
  labels:
    alarm_rules:
      - {{name: high_pressure, when: T01_max > 300, description: T01 above 300 mbar}}
      - {{name: level_deviation, when: abs(LIC_SP - LIC_PV_max) > 10}}
      - {{name: swings, when: T02_std_3h > 20}}
    transition_rules:
      - {{name: rising_pressure, when: T01_max > 280}}
  features:
    mean: [3h, 24h]
    std: [3h, 6h, 24h]
    difference: [1h, 6h]
    slope_to_limit: [3h]
  horizons: [1h, 3h, 6h]
  deviation_target: LIC
  models: [{models}]
  budget: {{false_alarm_hours_per_day: 4, false_episodes_per_day: 0.5, off_delay: 2, deadband: 0.1}}
  validation: {{folds: 2}}
  recommendations:
    - when: T01 > 280
      advice: The column is close to flooding
      check: [reduce reflux, check solvent foaming]
      urgency: high
    - {{when: abs(LIC_deviation) > 5, advice: LIC leaves its set point}}
"""
_TAG = """\
    - name: {name}
      description: {description}
      unit: mbar
      range: [-50, 1000]
      normal: [170, 275]
      limits: {{L: 100, H: 280, HH: 300}}
      process_unit: {unit}
"""
_LOOP = (("LIC_PV", "pv"), ("LIC_OP", "op"), ("LIC_SP", "sp"))


def plant_name(number: int) -> str:
    return f"unit_{number:02}"


def plant_yaml(name: str, models: tuple[str, ...] = ALL_MODELS) -> str:
    """The `defs.yaml` of one plant."""
    single = [f"T{i:02}" for i in range(1, TAGS - len(_LOOP) + 1)]
    tags = [_tag(tag, f"Pressure {tag} of {name}", i) for i, tag in enumerate(single)]
    tags += [_tag(tag, f"Level loop of {name}", 0) + _role(role) for tag, role in _LOOP]
    return _PLANT.format(type=PLANT_TYPE, name=name, tags="".join(tags), models=", ".join(models))


def write_plants(folder: Path, count: int, models: tuple[str, ...] = ALL_MODELS) -> list[str]:
    """Folders of plants with their `defs.yaml`; their names."""
    names = [plant_name(number) for number in range(count)]
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "defs.yaml").write_text(plant_yaml(name, models), "utf-8")
    return names


def _tag(name: str, description: str, number: int) -> str:
    text = _TAG.format(name=name, description=description, unit=f"D{number % 4}")
    return text + ("      aggregates: [max]\n" if number == 0 else "")


def _role(role: str) -> str:
    return f"      role: {role}\n      controller: LIC\n"
