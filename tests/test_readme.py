"""README's figures are those of the pages that name the run they come from."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
HORIZONS = ("1 h", "3 h", "6 h")


def table(page: str, heading: str) -> list[dict[str, str]]:
    """The first table below a heading, a row as its cells by column."""
    text = (ROOT / page).read_text("utf-8")
    lines = text[text.index(heading) :].splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" *") for cell in line.strip("|").split("|")])
    names, _, *found = rows
    return [dict(zip(names, row, strict=True)) for row in found]


def forecasters(heading: str) -> list[dict[str, str]]:
    rows = [row for row in table("docs/results.md", heading) if row["model"].startswith("forecaster_")]
    assert [row["horizon"] for row in rows] == list(HORIZONS)
    return rows


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d*\.?\d+", text)]


def is_rounded(shown: float, measured: float, digits: int) -> bool:
    """Whether a figure is a measured one of so many digits; of a half, both neighbours are."""
    return abs(shown - measured) <= 0.5 * 10**-digits + 1e-9


def agree(shown: list[float], measured: list[float], digits: int) -> bool:
    return len(shown) == len(measured) and all(map(is_rounded, shown, measured, [digits] * len(shown)))


def performance() -> dict[str, dict[str, str]]:
    return {row[""]: row for row in table("README.md", "## Performance")}


def test_the_forecasts_of_the_real_unit() -> None:
    rows, shown = forecasters("### Real unit, 673 hours"), performance()
    column = "alarm within 1 / 3 / 6 h, real unit"
    given, base = shown["PR-AUC (base rate)"][column].split("(")
    assert agree(numbers(given), [float(row["onset PR-AUC"]) for row in rows], 2)
    assert agree(numbers(base), [float(row["base rate"]) for row in rows], 2)
    found = [float(row["recall"]) * float(row["onsets"]) for row in rows]
    assert numbers(shown["events found"][column]) == [*found, float(rows[0]["onsets"])]
    false = [float(row["false episodes/day"]) for row in rows]
    assert agree(numbers(shown["false alarms per day"][column]), false, 1)


def test_the_forecasts_of_simulated_quarters() -> None:
    rows, shown = forecasters("### 90 simulated days, operator log and rules"), performance()
    column = "the same, 90 simulated days"
    gain = [numbers(row["× base"])[:2] for row in rows]
    given, errors = shown["PR-AUC (base rate)"][column].split("(")
    assert agree(numbers(given), [times for times, _ in gain], 1)
    assert agree(numbers(errors)[1:], [error for _, error in gain], 1)
    assert agree(numbers(shown["events found"][column]), [float(row["recall"]) for row in rows], 2)
    false = [float(row["false episodes/day"]) for row in rows]
    assert agree(numbers(shown["false alarms per day"][column]), false, 1)


def test_the_alarms_now_of_the_real_unit() -> None:
    rows = {row[next(iter(row))]: list(row.values()) for row in table("docs/decisions/0004-champion.md", "#")}
    champion, shown = rows["anomaly ensemble"], performance()
    column = "alarm now, real unit"
    auc, _ = numbers(shown["PR-AUC (base rate)"][column])
    assert is_rounded(auc, numbers(champion[1])[0], 2)
    found = champion.index("5 of 5")
    assert shown["events found"][column].startswith(champion[found])
    false, hours = numbers(shown["false alarms per day"][column])
    assert (hours, is_rounded(false, float(champion[found + 2]), 1)) == (float(champion[found + 1]), True)
