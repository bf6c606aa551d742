"""Runs the notebooks one after the other: `python -m tools.notebooks [--csv FILE]`; `--strip` takes their outputs out.

Papermill sets the parameters and executes a copy; those in `notebooks/` stay without outputs. What goes wrong inside one is
said in a sentence; the whole trace stands in the copy.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
ORDER = ("01_eda", "02_models", "03_validation")
CELL_TIMEOUT_S = 1800


class NotebookError(RuntimeError):
    """A notebook that can't go on; names it and says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.notebooks", description=__doc__)
    parser.add_argument("--plant", default="gas_treatment")
    parser.add_argument("--csv", type=Path, help="an export of the plant; by default a simulated one")
    parser.add_argument("--operator-log", type=Path, help="CSV with start_time, end_time and reason")
    parser.add_argument("--days", type=int, default=28, help="of the simulation")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation")
    parser.add_argument("--to", type=Path, default=NOTEBOOKS / "out", help="folder for tables and figures")
    parser.add_argument(
        "--strip", action="store_true", help="take outputs out of notebooks/, and run nothing"
    )
    given = parser.parse_args(arguments)
    if given.strip:
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            strip(path)
        return 0
    parameters = {
        "plant": given.plant,
        "csv": str(given.csv.resolve()) if given.csv else "",
        "operator_log": str(given.operator_log.resolve()) if given.operator_log else "",
        "days": given.days,
        "seed": given.seed,
        "folder": str(given.to.resolve()),
    }
    try:
        for option, file in (("--csv", given.csv), ("--operator-log", given.operator_log)):
            if file is not None and not file.is_file():
                raise NotebookError(f"{option} {file}: no such file")
        if given.operator_log and not given.csv:
            raise NotebookError("--operator-log: expected --csv too; a simulated plant has a log of its own")
        for name in ORDER:
            print(execute(name, given.to.resolve(), parameters))
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def execute(name: str, folder: Path, parameters: Mapping[str, object]) -> Path:
    """Execute one notebook into a folder; answers the copy with its outputs.

    Raises:
        NotebookError: a cell failed.
    """
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    folder.mkdir(parents=True, exist_ok=True)
    source, copy = NOTEBOOKS / f"{name}.ipynb", folder / f"{name}.ipynb"
    known = _parameters(source)
    try:
        execute_notebook(
            source,
            copy,
            {key: value for key, value in parameters.items() if key in known},
            kernel_name="python3",
            progress_bar=False,
            cwd=folder,
            execution_timeout=CELL_TIMEOUT_S,
            kernel_manager_class="tools.notebook_kernel.LocalKernel",
        )
    except PapermillExecutionError as error:
        raise NotebookError(f"{name}: {error.evalue}") from None
    return copy


def strip(path: Path) -> None:
    """Take outputs, counts and a machine's metadata out of a notebook; one without stays as it is."""
    notebook = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        cell["metadata"] = {"tags": tags} if (tags := cell["metadata"].get("tags")) else {}
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if text != path.read_text("utf-8"):
        path.write_text(text, "utf-8")


def _parameters(path: Path) -> set[str]:
    """Names that the notebook's cell of parameters sets."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    lines = [
        line for cell in cells if "parameters" in cell["metadata"].get("tags", []) for line in cell["source"]
    ]
    return {line.partition(" = ")[0] for line in lines if " = " in line}


if __name__ == "__main__":
    sys.exit(main())
