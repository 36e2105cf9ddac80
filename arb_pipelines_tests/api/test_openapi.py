"""The description is complete, and the API does what it says: schemathesis over every operation, on a real server."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.access import Role
from arb_pipelines_tests.api.house import House
from arb_pipelines_tests.api.serving import served
from arb_pipelines_tests.contracts.trade_records import opportunity
from arb_pipelines_tests.fakes.clock import SettableClock

ERRORS = {"400", "405", "413", "422", "429", "500", "503"}
OPEN = {"/api/health"}
METHODS = {"get", "post"}
BOUNDED = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def whole_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One API for the module, with two opportunities in its books."""
    folder = tmp_path_factory.mktemp("openapi")
    shutil.copy(sqlite_template, folder / "books.db")
    clock = SettableClock()
    books = open_books(f"sqlite:///{folder / 'books.db'}", now=clock.now)
    books.opportunities.store([opportunity(1), opportunity(2)], [])
    made = House(books, clock, home=folder / "home", sites_dir=folder / "sites")
    yield made
    made.close()
    books.close()


@pytest.fixture(scope="module")
def address(whole_house: House) -> Iterator[str]:
    """Where it is served."""
    with served(whole_house.app) as place:
        yield f"http://{place}"


def test_every_operation_does_as_it_says(address: str, whole_house: House) -> None:
    """Generated requests, good and bad: no 5xx, no answer outside the description."""
    schema = schemathesis.openapi.from_dict(whole_house.app.openapi())
    headers = {"Authorization": f"Bearer {whole_house.keys[Role.ADMIN]}"}
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        for mode in GenerationMode:
            try_operation(operation, mode, address, headers)


def try_operation(operation: Any, mode: GenerationMode, address: str, headers: dict[str, str]) -> None:
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_case(case: Case) -> None:
        case.call_and_validate(base_url=address, headers=headers, excluded_checks=[positive_data_acceptance])

    with contextlib.suppress(Unsatisfiable):
        try_case()


def test_the_description_is_complete(whole_house: House) -> None:
    document = whole_house.app.openapi()
    assert set(document["paths"]) >= {
        "/api/opportunities",
        "/api/opportunities/scan",
        "/api/purchase/approve",
        "/api/purchase/deny",
        "/api/listings/create",
        "/api/products/{product_id}/history",
        "/api/stats/daily",
        "/api/health",
        "/api/halt",
        "/api/resume",
        "/api/purchases",
        "/webhooks/ebay",
        "/webhooks/sendgrid",
        "/webhooks/twilio",
        "/metrics",
    }
    assert not [path for path in document["paths"] if path.startswith("/desk")]
    for path, operations in document["paths"].items():
        for operation in (operations[method] for method in METHODS & set(operations)):
            assert set(operation["responses"]) >= ERRORS, path
            assert operation["summary"], path
            for status in ERRORS:
                problem = operation["responses"][status]["content"]["application/problem+json"]
                assert problem["schema"]["$ref"].endswith("/Problem")
                assert problem["example"]["status"] == int(status)
            if not path.startswith("/webhooks") and path not in OPEN:
                assert operation["security"], path


def test_only_those_who_may_read_see_it(whole_house: House) -> None:
    assert whole_house.ask("GET", "/api/openapi.json").status_code == 401
    assert whole_house.ask("GET", "/api/openapi.json", Role.VIEWER).json()["openapi"].startswith("3.")
