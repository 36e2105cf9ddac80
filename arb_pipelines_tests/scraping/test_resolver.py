"""DNS for the crawl: judged once, connected to as judged. A real Scrapy in a process of its own, with a lying DNS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# DNS gives the answers of argv in turn; every connection is written down and refused.
CHILD = """
import json, socket, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from arb_pipelines.scraping.reasons import reason_of

answers, allow_loopback = sys.argv[1].split(","), sys.argv[2] == "True"
asked, dialled, reasons = [], [], []

def lying_dns(name):
    asked.append(name)
    return answers[len(asked) - 1]

class Visitor(scrapy.Spider):
    name = "visitor"

    async def start(self):
        from twisted.internet import error, reactor
        from twisted.python.failure import Failure

        def refuse(host, port, factory, *args, **kwargs):
            dialled.append(host)
            factory.clientConnectionFailed(None, Failure(error.ConnectionRefusedError()))

        reactor.connectTCP = refuse
        yield self.ask(0)

    def ask(self, turn):
        return scrapy.Request(f"http://rebind.example/{turn}", errback=self.failed, cb_kwargs={"turn": turn})

    def failed(self, failure):
        reasons.append(reason_of(failure.value))
        if len(reasons) < len(answers):
            yield self.ask(len(reasons))

socket.gethostbyname = lying_dns
process = AsyncCrawlerProcess({
    "TWISTED_DNS_RESOLVER": "arb_pipelines.scraping.resolver.GuardedResolver", "ARB_ALLOW_LOOPBACK": allow_loopback,
    "DNSCACHE_ENABLED": False, "RETRY_ENABLED": False, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "DOWNLOAD_HANDLERS": {"http": "arb_pipelines.scraping.limited_http.LimitedHttpHandler"},
})
process.crawl(Visitor)
process.start()
print(json.dumps({"asked": asked, "dialled": dialled, "reasons": reasons}))
"""


@pytest.mark.parametrize("allow_loopback", [False, True])
def test_a_name_that_changes_its_answer_gains_nothing(allow_loopback: bool, tmp_path: Path) -> None:
    (tmp_path / "visitor.py").write_text(CHILD)  # Scrapy reads the source of a spider
    answers = ["93.184.216.34", "127.0.0.1", "169.254.169.254"]
    child = subprocess.run(
        [sys.executable, str(tmp_path / "visitor.py"), ",".join(answers), str(allow_loopback)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert child.returncode == 0, child.stderr
    assert json.loads(child.stdout.splitlines()[-1]) == {
        "asked": ["rebind.example"] * 3,
        "dialled": ["93.184.216.34"],  # asked once for each connection, and connected to that very answer
        "reasons": ["connection_refused", "ssrf_private_address", "ssrf_private_address"],
    }, child.stderr
