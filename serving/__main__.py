"""`python -m serving` starts the inference service."""

import logging
import os
import sys

# One row is answered by one thread; NumPy's own threads only wait for each other. Set before NumPy loads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def main() -> None:
    import uvicorn

    from plant_assets.profile.variables import SettingsError
    from serving.inference.app import create_app
    from serving.settings import settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        here = settings()
        app = create_app(here)
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(app, host=here.host, port=here.port_inference, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
