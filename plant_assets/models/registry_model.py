"""Makes a bundle folder an MLflow model too: `MLmodel`, its signature, and the code that loads it.

Written by hand rather than by `mlflow.pyfunc.save_model`, which loads the model, infers requirements and
takes a second a model. `mlflow models serve --env-manager local` serves the result; nothing is pickled.
"""

import json
import platform
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from plant_assets.bundle.manifest import BundleManifest

MLMODEL_FILE = "MLmodel"
CODE_FILE = "mlflow_model.py"
REQUIREMENTS = ("mlflow", "numpy", "onnxruntime", "pydantic", "pyyaml")


def write_mlflow_model(manifest: BundleManifest, folder: Path, run_id: str) -> None:
    """Add MLflow's own files to a bundle folder."""
    shutil.copyfile(Path(__file__).with_name(CODE_FILE), folder / CODE_FILE)
    pins = [f"{name}=={version(name)}" for name in REQUIREMENTS]
    (folder / "requirements.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
    environment = {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(json.dumps(environment), encoding="utf-8")
    # JSON is YAML, and needs no YAML library's care.
    (folder / MLMODEL_FILE).write_text(json.dumps(_mlmodel(manifest, run_id), indent=1), encoding="utf-8")


def _mlmodel(manifest: BundleManifest, run_id: str) -> dict[str, object]:
    answered = ("decision", *manifest.classes)
    return {
        "artifact_path": "bundle",
        "run_id": run_id,
        "model_uuid": uuid4().hex,
        "mlflow_version": version("mlflow"),
        "utc_time_created": datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" "),
        "flavors": {
            "python_function": {
                "loader_module": "mlflow.pyfunc.loaders.code_model",
                "python_version": platform.python_version(),
                "env": {"virtualenv": "python_env.yaml"},
                "model_code_path": CODE_FILE,
                "artifacts": {"bundle": {"path": ".", "uri": "."}},
                "streamable": False,
            }
        },
        "signature": {
            "inputs": json.dumps(
                [{"type": "double", "name": name, "required": False} for name in manifest.names]
            ),
            "outputs": json.dumps([{"type": "double", "name": name, "required": True} for name in answered]),
            "params": None,
        },
        "metadata": {"plant": manifest.plant, "model": manifest.model, "task": manifest.task},
    }
