"""Each service answers as its OpenAPI document says, whatever is sent: schemathesis makes the requests.

No status that the document doesn't name, none of 5xx, and bodies of the content type and shape that it says.
"""

from functools import cache
from typing import cast

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.security.services import Service, all_operations, documented_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TUPLES = "/sensors/speed"
"""Its answer has a tuple, whose schema schemathesis spoils at the second look."""
ANY_MODEL = ("/global_importance", "/explain", "/regime", "/deviation")
"""Clients name the model there, or the route does: of one that isn't trained the document promises a 503, and no other of 5xx."""
BOUNDED = hypothesis.settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    phases=[hypothesis.Phase.generate],
)
OPERATIONS = [(name, method, path) for name, method, path, _ in all_operations()]


@cache
def schema_of(name: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_dict(documented_app(name).openapi())


def requests_to(operation: APIOperation, known: dict[str, str | int]) -> st.SearchStrategy[Case]:
    """Requests of the documented form, of others, and the document's examples; half of all to what is there."""
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    made = [operation.as_strategy(mode) for mode in modes]
    if there := what_is_there(operation, known):
        made += [operation.as_strategy(mode, path_parameters=there) for mode in modes]
    return st.one_of(*made, *operation.get_strategies_from_examples())


def what_is_there(operation: APIOperation, known: dict[str, str | int]) -> dict[str, str | int]:
    """Path parameters of something that the service has; none where a path has none, or one that isn't known."""
    names = [parameter.name for parameter in operation.path_parameters]
    there = {name: known[name] for name in names if name in known}
    return there if len(there) == len(names) else {}


@pytest.mark.parametrize(("name", "method", "path"), OPERATIONS, ids=map(" ".join, OPERATIONS))
def test_answers_are_those_of_the_document(
    name: str, method: str, path: str, services: dict[str, Service]
) -> None:
    service = services[name]
    operation = cast(APIOperation, schema_of(name)[path][method])
    left_out = {response_schema_conformance} if path == TUPLES else set()
    left_out |= {not_a_server_error} if name == "inference" and path.endswith(ANY_MODEL) else set()
    checks = [check for check in CHECKS if check not in left_out]
    answered: set[int] = set()

    def ask(case: Case) -> None:
        answer = case.call_and_validate(base_url=service.address, headers=service.headers, checks=checks)
        answered.add(answer.status_code)

    there = what_is_there(operation, service.known)
    # The document's examples are asked for certain: among the rest one of them may never be drawn.
    examples = operation.get_strategies_from_examples(path_parameters=there) if there else []
    for requests in (requests_to(operation, service.known), *examples):
        BOUNDED(hypothesis.given(case=requests)(ask))()
    if name == "inference" and operation.body:
        assert 200 in answered, "no request with a body got as far as an answer"
