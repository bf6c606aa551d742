"""`python -m serving.gateway` starts the gateway."""

import logging
import sys


def main() -> None:
    import uvicorn

    from plant_assets.profile.variables import SettingsError
    from serving.gateway.app import create_app, prepare
    from serving.settings import settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        here = settings()
        app = create_app(here)
        prepare(here)
    except SettingsError as error:
        sys.exit(str(error))
    # Addresses that a client names itself would be of no use for rate limits.
    uvicorn.run(
        app,
        host=here.host,
        port=here.port_gateway,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
    )


if __name__ == "__main__":
    main()
