"""The desk's pages over real books: what they show, who may act, and that scraped text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.api.app import build_app
from arb_pipelines.api.desk.sign_in import local_path
from arb_pipelines.domain.access import Role
from arb_pipelines.domain.alert import Alert
from arb_pipelines.domain.opportunity import RefusedOffer
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.services.notifications import raise_alert
from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import claim, opportunity, points
from arb_pipelines_tests.fakes.clock import START, SettableClock

EVIL = "<script>alert(1)</script> {{ 7 * 7 }}"
PASSWORD = "a long enough password"
PATHS = ["", "/refusals", "/positions", "/listings", "/money", "/sites", "/messages", "/switches"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated books with two people, made once: a password hash costs 50 ms."""
    path = tmp_path_factory.mktemp("desk") / "books.sqlite"
    books = open_books(f"sqlite:///{path}", mode="paper")
    books.migrate()
    for name, role in (("ann", Role.APPROVER), ("bob", Role.APPROVER), ("vic", Role.VIEWER), ("opa", Role.OPERATOR)):
        books.access.add_user(name, role, PASSWORD, START)
    books.close()
    return path


@pytest.fixture
def books(template: Path, tmp_path: Path) -> Iterator[SqlBooks]:
    """A copy of those books."""
    (tmp_path / "books.sqlite").write_bytes(template.read_bytes())
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}", mode="paper")
    yield opened
    opened.close()


@pytest.fixture
def desk(books: SqlBooks, tmp_path: Path) -> Iterator[TestClient]:
    """The application at the clock's start."""
    settings = Settings(_env_file=None, home=tmp_path, two_person_above="100")
    with TestClient(
        build_app(settings, books=books, clock=SettableClock(START)), base_url="http://127.0.0.1"
    ) as client:
        yield client


def log_in(desk: TestClient, name: str) -> str:
    """Begin a session and return the token that its forms carry."""
    desk.cookies.clear()
    answer = desk.post("/login", data={"name": name, "password": PASSWORD}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', desk.get("/desk").text)
    assert found is not None
    return found[1]


def store(books: SqlBooks, number: int = 1, **changes: object) -> str:
    """Keep an opportunity and return its page."""
    found = opportunity(number, **changes)
    books.opportunities.store([found], [])
    return f"/desk/opportunities/{found.opportunity_id}"


def test_every_page_asks_who_you_are(desk: TestClient) -> None:
    for path in PATHS:
        answer = desk.get(f"/desk{path}", headers={"Accept": "text/html"}, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2Fdesk")


def test_a_wrong_password_and_an_unknown_name_look_alike(desk: TestClient) -> None:
    texts = {
        desk.post("/login", data={"name": name, "password": "wrong wrong wrong"}).text for name in ("ann", "nobody")
    }
    assert len(texts) == 1
    assert "do not fit" in texts.pop()


@pytest.mark.parametrize("path", PATHS)
def test_empty_books_have_every_page(desk: TestClient, path: str) -> None:
    log_in(desk, "vic")
    answer = desk.get(f"/desk{path}")
    assert answer.status_code == 200
    assert "style=" not in answer.text


def test_scraped_text_is_never_markup(desk: TestClient, books: SqlBooks) -> None:
    page = store(books, title=EVIL, site=EVIL, url="javascript:alert(1)", record={"offer": {"match": EVIL}})
    books.price_history.insert(points({"title": EVIL, "site": EVIL}))
    books.opportunities.store([], [RefusedOffer("offer-1", "roi_low", EVIL, START)])
    raise_alert(books, Alert("outlet_down", EVIL, EVIL), SettableClock(START))
    log_in(desk, "ann")
    for path in ("/desk", page, "/desk/refusals", "/desk/messages"):
        text = desk.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
        assert 'href="javascript:' not in text


def test_approving_names_what_was_approved_and_is_done_once(desk: TestClient, books: SqlBooks) -> None:
    page, csrf = store(books), log_in(desk, "ann")
    form = {"csrf_token": csrf, "ceiling": "25.00", "quantity": "1", "valid_s": "900"}
    answer = desk.post(f"{page}/approve", data=form)
    assert answer.status_code == 200
    assert "Approved: at most 25.00 USD each" in answer.text
    assert [leave.approved_by for leave in books.approvals.load_usable(START)] == ["person:ann"]
    assert 'name="ceiling"' not in desk.get(page).text
    desk.post(f"{page}/approve", data=form)
    assert len(books.approvals.load_usable(START)) == 1
    assert [entry.act for entry in books.audit.load(10)].count("approve") == 1


@pytest.mark.parametrize(
    ("ceiling", "quantity", "status"),
    [("30.01", "1", 422), ("0", "1", 422), ("abc", "1", 422), ("", "1", 422), ("25.00", "0", 422), ("25", "x", 422)],
)
def test_a_wrong_form_approves_nothing(
    desk: TestClient, books: SqlBooks, ceiling: str, quantity: str, status: int
) -> None:
    page, csrf = store(books), log_in(desk, "ann")
    form = {"csrf_token": csrf, "ceiling": ceiling, "quantity": quantity, "valid_s": "900"}
    answer = desk.post(f"{page}/approve", data=form)
    assert answer.status_code == status
    assert "Not approved" in answer.text
    assert books.approvals.load_usable(START) == []


def test_two_people_for_much_money(desk: TestClient, books: SqlBooks) -> None:
    page = store(books)
    form = {"ceiling": "30.00", "quantity": "4", "valid_s": "900"}
    first = desk.post(f"{page}/approve", data=form | {"csrf_token": log_in(desk, "ann")})
    assert "One more person" in first.text
    again = desk.post(f"{page}/approve", data=form | {"csrf_token": log_in(desk, "ann")})
    assert again.status_code in (200, 409)
    assert books.approvals.load_usable(START) == []
    second = desk.post(f"{page}/approve", data=form | {"csrf_token": log_in(desk, "bob")})
    assert "Approved:" in second.text
    assert len(books.approvals.load_usable(START)) == 1


def test_denying_takes_it_off_the_list(desk: TestClient, books: SqlBooks) -> None:
    page, csrf = store(books), log_in(desk, "ann")
    assert "Not denied" in desk.post(f"{page}/deny", data={"csrf_token": csrf, "reason": " "}).text
    assert page in desk.get("/desk").text
    answer = desk.post(f"{page}/deny", data={"csrf_token": csrf, "reason": "another model on the photo"})
    assert "Denied by person:ann: another model on the photo" in answer.text
    assert page not in desk.get("/desk").text
    approved = desk.post(
        f"{page}/approve", data={"csrf_token": csrf, "ceiling": "25.00", "quantity": "1", "valid_s": "900"}
    )
    assert approved.status_code == 409
    assert books.approvals.load_usable(START) == []


@pytest.mark.parametrize("csrf", [{}, {"csrf_token": ""}, {"csrf_token": "0" * 64}])
def test_a_form_of_another_site_changes_nothing(desk: TestClient, books: SqlBooks, csrf: dict[str, str]) -> None:
    page = store(books)
    log_in(desk, "ann")
    answer = desk.post(f"{page}/approve", data=csrf | {"ceiling": "25.00", "quantity": "1", "valid_s": "900"})
    assert answer.status_code == 403
    foreign = desk.post(
        "/desk/switches/buy", data=csrf | {"state": "halted"}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert books.approvals.load_usable(START) == []
    assert books.switches.state_of(Action.BUY) is ActionState.ACTIVE


def test_a_viewer_looks_and_an_operator_halts(desk: TestClient, books: SqlBooks) -> None:
    page, csrf = store(books), log_in(desk, "vic")
    assert "may look, not approve" in desk.get(page).text
    form = {"csrf_token": csrf, "ceiling": "25.00", "quantity": "1", "valid_s": "900"}
    assert desk.post(f"{page}/approve", data=form).status_code == 403
    assert desk.post("/desk/switches/buy", data={"csrf_token": csrf, "state": "halted"}).status_code == 403
    csrf = log_in(desk, "opa")
    halted = desk.post("/desk/switches/buy", data={"csrf_token": csrf, "state": "halted", "reason": "odd prices"})
    assert "active -&gt; halted" in halted.text
    assert "halted: buy" in halted.text
    resumed = desk.post("/desk/switches/buy", data={"csrf_token": csrf, "state": "active", "reason": "fine again"})
    assert "may halt, not resume" in resumed.text
    assert books.switches.state_of(Action.BUY) is ActionState.HALTED


def test_an_alert_is_seen_and_closed(desk: TestClient, books: SqlBooks) -> None:
    raise_alert(books, Alert("outlet_down", "The outlet is down", dedupe_key="outlet"), SettableClock(START))
    csrf = log_in(desk, "opa")
    assert "The outlet is down" in desk.get("/desk/messages").text
    assert "Closed." in desk.post("/desk/alerts/close", data={"csrf_token": csrf, "key": "outlet"}).text
    assert books.alerts.load_open() == []


def test_what_is_open_is_on_the_page_of_positions(desk: TestClient, books: SqlBooks) -> None:
    claim(books)
    log_in(desk, "vic")
    text = desk.get("/desk/positions").text
    assert "claimed" in text
    assert "25.00 USD" in text


def test_the_list_goes_on_where_the_page_ended(desk: TestClient, books: SqlBooks) -> None:
    for number in range(60):
        store(books, number, title=f"Thing {number:02}", decided_at=START - timedelta(seconds=number))
    log_in(desk, "vic")
    first = desk.get("/desk", params={"sort": "decided_at"}).text
    behind = re.search(r'href="(/desk\?[^"]*cursor=[^"]*)"', first)
    assert behind is not None
    second = desk.get(behind[1].replace("&amp;", "&")).text
    shown = [set(re.findall(r"Thing \d\d", text)) for text in (first, second)]
    assert (len(shown[0]), len(shown[1]), shown[0] & shown[1]) == (50, 10, set())
    assert "Thing 07" in desk.get("/desk", params={"q": "thing 07"}).text
    assert "No open opportunity matches" in desk.get("/desk", params={"q": "%"}).text


def test_an_unknown_opportunity_is_a_page_not_a_crash(desk: TestClient) -> None:
    log_in(desk, "vic")
    answer = desk.get("/desk/opportunities/none")
    assert answer.status_code == 404
    assert "No such opportunity" in answer.text


def test_files_are_ours_alone(desk: TestClient) -> None:
    assert "htmx" in desk.get("/static/htmx.js").text[:2000]
    assert desk.get("/static/desk.css").headers["content-type"].startswith("text/css")
    assert desk.get("/static/../routes.py").status_code == 404
    assert desk.get("/static/secrets").status_code == 404


@pytest.mark.parametrize(
    ("path", "led_to"),
    [
        ("/desk/sites?q=a", "/desk/sites?q=a"),
        ("//evil.example", "/desk"),
        ("https://evil.example", "/desk"),
        ("/\\evil.example", "/desk"),
        ("/desk\r\nSet-Cookie: a", "/desk"),
        ("", "/desk"),
    ],
)
def test_a_login_leads_to_our_own_pages_only(path: str, led_to: str) -> None:
    assert local_path(path) == led_to
