"""Model code that MLflow runs from a bundle's folder ("models from code"); the pipeline only copies this file."""

from mlflow.models import set_model  # noqa: TID253 this file is MLflow's, not ours
from mlflow.pyfunc.model import PythonModel  # noqa: TID253


class BundleModel(PythonModel):
    """Answers like the inference service: a data frame with `decision`, and a column a class."""

    def load_context(self, context):
        from pathlib import Path

        from plant_assets.bundle.bundle import Bundle

        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(self, context, model_input, params=None):  # pyright: ignore[reportIncompatibleMethodOverride]  # noqa: ARG002
        import pandas as pd

        rows = model_input.reindex(columns=list(self.bundle.names)).to_numpy(dtype="float64")
        answer = self.bundle.evaluate(rows)
        frame = pd.DataFrame({"decision": answer.decisions})
        for i, name in enumerate(self.bundle.manifest.classes):
            frame[name] = answer.scores[:, i]
        return frame


set_model(BundleModel())
