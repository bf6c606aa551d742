"""`python -m serving.sensors` starts the sensors service."""

import logging
import os
import sys

# Small frames: threads of the linear algebra only wait for each other. Set before NumPy and Polars load.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")


def main() -> None:
    import uvicorn

    from plant_assets.profile.variables import SettingsError
    from serving.sensors.app import create_app
    from serving.settings import settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        here = settings()
        app = create_app(here)
    except SettingsError as error:
        sys.exit(str(error))
    uvicorn.run(app, host=here.host, port=here.port_sensors, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
