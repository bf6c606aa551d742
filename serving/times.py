"""Times as clients send them: with offset, in UTC, and within the calendar."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from serving.faults import expectation_error


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise expectation_error("a time out of range", "a UTC time in the years 1 to 9999") from None


Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]
