"""`arb extract`: its output forms, and one clear line for every bad input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from arb_pipelines.cli.extract import extract, page_key
from arb_pipelines_tests.scraping.extraction.pages import URL, json_ld, page, product

KEYS = [
    "file", "url", "name", "price", "currency", "availability", "list_price", "shipping", "sku", "brand", "gtin", "mpn",
    "condition", "seller", "category", "image", "images", "isbn", "asin", "rating_count", "views", "watchers",
    "verdict", "evidence",
]  # fmt: skip


@pytest.fixture
def kettle(tmp_path: Path) -> Path:
    path = tmp_path / "kettle.html"
    path.write_bytes(page("<h1>Blue Kettle 1.7 l</h1>", json_ld(product())))
    return path


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(extract)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> Any:
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_one_file_is_one_object(kettle: Path) -> None:
    record = run_json(kettle, "--url", URL, "--json")
    assert list(record) == KEYS
    assert (record["file"], record["url"]) == (str(kettle), URL)
    assert (record["price"], record["currency"], record["availability"]) == ("24.90", "EUR", "InStock")
    assert record["shipping"] is None
    assert record["evidence"]["price"][0] == {"method": "json-ld", "raw": "24.90", "place": "json-ld[0]"}


def test_several_files_are_a_list_or_lines(kettle: Path, tmp_path: Path) -> None:
    packed = tmp_path / "pan.html.gz"
    packed.write_bytes(gzip.compress(page("<h1>Pan</h1><div class='price'>$5.00</div>")))
    urls = tmp_path / "urls.json"
    urls.write_text(json.dumps({"pan": "https://shop.example.ca/pan"}), encoding="utf-8")
    records = run_json(kettle, packed, "--urls", urls, "--json")
    assert [(r["price"], r["currency"]) for r in records] == [("24.90", "EUR"), ("5.00", "CAD")]
    lines = run(kettle, packed, "--urls", urls, "--jsonl").stdout.splitlines()
    assert [json.loads(line)["file"] for line in lines] == [str(kettle), str(packed)]


def test_several_files_stay_a_list_when_one_is_unreadable(kettle: Path, tmp_path: Path) -> None:
    """The form depends on what was asked, not on what could be read; an address may be named by the whole name."""
    urls = tmp_path / "urls.json"
    urls.write_text(json.dumps({kettle.name: URL}), encoding="utf-8")
    result = run(kettle, tmp_path / "none.html", "--urls", urls, "--json")
    assert result.exit_code == 2
    (record,) = json.loads(result.stdout)
    assert record["url"] == URL


def test_without_a_form_a_table_is_shown(kettle: Path) -> None:
    result = run(kettle)
    assert result.exit_code == 0
    assert "24.90" in result.stdout


def test_many_files_show_their_progress_on_standard_error_only(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"{number}.html").write_bytes(page(f"<h1>Pan {number}</h1>"))
    result = run(*sorted(tmp_path.glob("*.html")), "--jsonl")
    assert len(result.stdout.splitlines()) == 25
    assert all(json.loads(line) for line in result.stdout.splitlines())


@pytest.mark.parametrize("body", [b"", b"no markup", b"%PDF-1.7", bytes(range(256)) * 10, b'{"a": 1}'])
def test_what_is_not_html_gives_a_verdict_and_no_price(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "odd.html"
    path.write_bytes(body)
    record = run_json(path, "--json")
    assert (record["verdict"], record["price"]) == ("not_html", None)


def test_a_bad_file_is_one_line_and_the_others_are_read(kettle: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.html.gz"
    torn.write_bytes(gzip.compress(b"<html>" * 1_000)[:40])
    missing = tmp_path / "missing.html"
    result = run(torn, kettle, missing, tmp_path, "--jsonl")
    assert result.exit_code == 2
    assert [json.loads(line)["price"] for line in result.stdout.splitlines()] == ["24.90"]
    errors = result.stderr.splitlines()
    assert len(errors) == 3
    assert errors[0].startswith(f"arb extract: {torn}: damaged gzip")
    assert errors[1] == f"arb extract: {missing}: cannot be read (No such file or directory)"
    assert "is a folder" in errors[2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--url", "u", "--urls", "x"], "either --url or --urls"),
        (["--urls", "{folder}/none.json"], "cannot be read"),
        (["--urls", "{folder}/torn.json"], "not JSON"),
        (["--urls", "{folder}/list.json"], "must be a JSON object"),
    ],
)
def test_bad_options_are_one_line(kettle: Path, options: list[str], said: str) -> None:
    folder = kettle.parent
    (folder / "torn.json").write_text("{", encoding="utf-8")
    (folder / "list.json").write_text("[]", encoding="utf-8")
    result = run(kettle, *(option.format(folder=folder) for option in options))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_one_address_fits_one_file(kettle: Path) -> None:
    result = run(kettle, kettle, "--url", URL)
    assert result.exit_code == 2
    assert "--url fits one file only" in result.stderr


@pytest.mark.parametrize(
    ("name", "key"), [("a.html", "a"), ("a.html.gz", "a"), ("a.b.htm", "a.b"), ("a.gz", "a"), ("a", "a")]
)
def test_the_key_of_a_file_is_its_name_without_endings(name: str, key: str) -> None:
    assert page_key(Path("x") / name) == key
