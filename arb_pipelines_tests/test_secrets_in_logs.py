"""Planted secrets on the ways out of a process: Dagster's event log and console, the API's server, a crawl child."""

import json
import logging
import logging.config
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster import DagsterInstance, OpExecutionContext, job, op

from arb_pipelines.domain.redaction import PROCESS, redact_logs
from arb_pipelines.services.crawling import CrawlPlan, build_crawl_command, write_spec

TOP = Path(__file__).resolve().parents[1]
SECRET = "planted-canary-5f1e"


@pytest.fixture(autouse=True)
def _known_secret() -> None:
    PROCESS.remember([SECRET])
    redact_logs()


@op
def say_it(context: OpExecutionContext) -> None:
    context.log.info(f"asked with {SECRET}")
    logging.getLogger("arb_pipelines.anywhere").warning("token %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        context.log.exception("refused")
    raise RuntimeError(f"failed with {SECRET}")


@job
def talkative_job() -> None:
    say_it()


def test_dagsters_event_log_and_console(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the log lines of the deployment's own dagster.yaml."""
    config = yaml.safe_load((TOP / "deploy" / "dagster.yaml").read_text())
    (tmp_path / "dagster.yaml").write_text(
        yaml.safe_dump({key: config[key] for key in ("python_logs", "instance_class")})
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        done = talkative_job.execute_in_process(instance=instance, raise_on_error=False)
        kept = "\n".join(str(entry) for entry in instance.all_logs(done.run_id))
    out, err = capfd.readouterr()
    assert "asked with [masked]" in kept
    assert "token [masked]" in kept
    assert "RuntimeError: failed with [masked]" in kept
    assert "asked with [masked]" in out + err
    for text in (kept, out, err, *(path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*.db*"))):
        assert SECRET not in text
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert any(line["run"] == done.run_id and line["message"] == "asked with [masked]" for line in lines)


def test_the_server_of_the_api(capfd: pytest.CaptureFixture[str]) -> None:
    """uvicorn's access line holds the whole target, query included; its error line the traceback."""
    uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: install arb-pipelines[api]")
    logging.config.dictConfig(uvicorn.config.LOGGING_CONFIG)
    try:
        logging.getLogger("uvicorn.access").info(
            '%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", f"/orders?key={SECRET}", "1.1", 200
        )
        try:
            raise RuntimeError(SECRET)
        except RuntimeError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    finally:
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).handlers.clear()
    out, err = capfd.readouterr()
    assert "/orders?key=[masked]" in out + err
    assert "RuntimeError: [masked]" in out + err
    assert SECRET not in out + err


def test_the_crawl_child(tmp_path: Path) -> None:
    """A store that fails with its own password in the message."""
    options: dict[str, Any] = {"url": f"mongodb://arb:{SECRET}@127.0.0.1:9/arb"}
    store = {"factory": "arb_pipelines_tests.test_secrets_in_logs:build_faulty", "options": options}
    plan = CrawlPlan("tick", (), store, "arb_pipelines/0.1 (+https://example.org/contact)", 10, log_format="json")
    plan = replace(plan, proxies=[f"http://me:{SECRET}@127.0.0.1:9"], run_id="run-1")
    done = subprocess.run(
        build_crawl_command(write_spec(plan, tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(TOP), "PATH": str(Path(sys.executable).parent)},
    )
    assert done.returncode == 3
    assert SECRET not in done.stdout + done.stderr
    assert "[masked]" in done.stderr
    assert json.loads(done.stderr.splitlines()[0])["run"] == "run-1"


def build_faulty(url: str) -> None:
    """Fail as a driver may: with the whole address, and its bare password, in log and error."""
    logging.getLogger("some.driver").warning("cannot reach %s", url)
    raise ConnectionError(f"{SECRET} refused at {url}")
