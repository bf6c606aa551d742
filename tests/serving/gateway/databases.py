"""The mark of tests that run on both databases."""

import pytest

both_databases = pytest.mark.parametrize(
    "database_address", ["sqlite", pytest.param("postgres", marks=pytest.mark.services)], indirect=True
)
