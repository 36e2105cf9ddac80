"""What scraping costs: pages a second, CPU a page and memory of our crawl, beside plain Scrapy over the same pages.

What belongs here: figures of the crawl engine. Servers and crawls are processes of their own, so each one's CPU is its
own; both crawls run with as many processes, over the same pages of a loopback world, and parse them the same way.

    python benchmarks/scrape_cycle.py --sites 500 --pages 20 --json
    python benchmarks/scrape_cycle.py --sites 500 --pages 20 --tick --json    # and a whole tick through Dagster
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from arb_pipelines.adapters.parquet.raw_scrapes import build
from arb_pipelines.domain.sharding import split_into_shards
from arb_pipelines.domain.site import Site
from arb_pipelines.sandbox.bare import REAL_SIZES_KB, bare_world
from arb_pipelines.scraping.registry import load_sites
from arb_pipelines.services.crawling import CrawlPlan, build_crawl_command, load_visits, write_spec

TOP = Path(__file__).resolve().parents[1]
AGENT = "arb_pipelines-benchmark/1 (+http://127.0.0.1/)"
# Without compiled bytecode the start of a process costs twice as much, for us and for the peer.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Cost:
    """What a group of processes took: seconds on the clock, CPU seconds, the largest one's memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def figures(self, pages: int) -> dict[str, float]:
        """Return the figures a page."""
        return {
            "wall_s": round(self.wall_s, 1),
            "pages_per_s": round(pages / self.wall_s, 1),
            "cpu_ms_per_page": round(1000 * self.cpu_s / max(1, pages), 2),
            "peak_mb_per_process": round(self.peak_mb),
        }


def run_measured(commands: Sequence[Sequence[str]], log: Path) -> Cost:
    """Run the commands side by side and return what they took together."""
    begin = time.monotonic()
    with log.open("ab") as output:
        running = [subprocess.Popen(c, cwd=TOP, env=ENVIRONMENT, stdout=output, stderr=output) for c in commands]
        cpu, peak = 0.0, 0.0
        for process in running:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss / 1024)
            if process.returncode:
                raise SystemExit(f"a crawl ended with {process.returncode}; look into {log}")
    return Cost(time.monotonic() - begin, cpu, peak)


def crawl_plans(folder: Path, sites: Sequence[Site], processes: int, tick: str) -> list[CrawlPlan]:
    """Return one plan a process, all into one raw store."""
    store = {"factory": "arb_pipelines.adapters.parquet.raw_scrapes:build", "options": {"path": str(folder / "raw")}}
    shards = split_into_shards(sites, processes)
    return [
        CrawlPlan(tick, shard, store, AGENT, 280, True, state_dir=folder / "state", segments_dir=folder / "pages")
        for shard in shards
    ]


def measure_ours(folder: Path, sites: Sequence[Site], processes: int, tick: str) -> tuple[Cost, dict[str, int]]:
    """Crawl all sites once; return the cost and what came of it."""
    plans = crawl_plans(folder, sites, processes, tick)
    folders = [folder / f"{tick}-{number}" for number in range(len(plans))]
    commands = [build_crawl_command(write_spec(plan, at)) for plan, at in zip(plans, folders, strict=True)]
    cost = run_measured(commands, folder / "crawl.log")
    visits = [visit for plan, at in zip(plans, folders, strict=True) for visit in load_visits(plan, at)]
    counts = {name: sum(getattr(visit, name) for visit in visits) for name in ("pages", "offers", "unchanged")}
    return cost, counts | {"failed_sites": sum(visit.reason is not None for visit in visits)}


def measure_bare(folder: Path, urls: Sequence[str], processes: int, tuned: bool) -> tuple[Cost, int]:
    """Read the same pages with plain Scrapy; return the cost and how many prices it found."""
    commands, results = [], []
    for number in range(processes):
        pages, result = folder / f"bare-{number}.json", folder / f"bare-out-{number}.json"
        pages.write_text(json.dumps(urls[number::processes]), encoding="utf-8")
        flags = ["--tuned"] if tuned else []
        commands.append([sys.executable, str(TOP / "benchmarks/peers/bare_scrapy.py"), str(pages), str(result), *flags])
        results.append(result)
    cost = run_measured(commands, folder / "bare.log")
    return cost, sum(json.loads(result.read_text(encoding="utf-8"))["priced"] for result in results)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_tick(folder: Path, sites_dir: Path, shards: int) -> dict[str, Any]:
    """Let Dagster's sensor start one tick over all sites; return how long it took from the sensor to the store."""
    from arb_pipelines.adapters.sql.books import open_books
    from arb_pipelines.cli.instance import child_environment, migrate, prepare_home, start_dagster
    from arb_pipelines.cli.processes import ProcessGroup, find_free_port
    from arb_pipelines.settings import Settings

    wanted = {
        "ARB_HOME": str(folder / "home"), "ARB_SITES_DIR": str(folder / "one_page"), "ARB_START_SENSORS": "true",
        "ARB_SCRAPE_INTERVAL_S": "3600", "ARB_ALLOW_LOOPBACK": "true", "ARB_SHARDS": str(shards),
        "ARB_USER_AGENT": AGENT,
    }  # fmt: skip
    os.environ.update(wanted)
    sites = write_one_page_sites(sites_dir, folder / "one_page")
    settings = Settings()
    prepare_home(settings)
    migrate(settings)
    books = open_books(settings.books_url, mode=settings.mode.value)
    quiet = {name: value for name, value in ENVIRONMENT.items() if name.startswith("ARB_")}
    with ProcessGroup(settings.home / "logs", child_environment(settings, quiet | wanted)) as group:
        start_dagster(group, settings, find_free_port(), lambda text: None)
        deadline = time.monotonic() + 300
        while len(last := books.visits.last_tick_at()) < sites and time.monotonic() < deadline:
            time.sleep(0.5)
        stored = time.time()
    if len(last) < sites:
        raise SystemExit(f"only {len(last)} of {sites} sites were visited within 300 s; look into {settings.home}/logs")
    began = min(last.values()).timestamp()
    return {"sites": len(last), "shards": shards, "sensor_to_stored_s": round(stored - began, 1)}


def write_one_page_sites(sites_dir: Path, target: Path) -> int:
    """Declare the same sites with one page a visit; return how many."""
    target.mkdir()
    paths = list(sites_dir.glob("*.toml"))
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        lines = ["pages_per_visit = 1" if line.startswith("pages_per_visit") else line for line in lines]
        (target / path.name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(paths)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything in `folder` and return the figures."""
    with bare_world(folder / "world", options.sites, options.pages, body_kb=options.body_kb) as server:
        sites = load_sites(server.sites_dir).sites
        server_cpu = cpu_of(server.pid)
        first, found = measure_ours(folder, sites, options.processes, "tick-20260101T000000Z")
        server_cpu = cpu_of(server.pid) - server_cpu
        again, repeated = measure_ours(folder, sites, options.processes, "tick-20260101T000500Z")
        urls = sorted({*build(str(folder / "raw")).load_newest(10**9)["url"]})
        bare, priced = measure_bare(folder, urls, options.processes, tuned=False)
        tuned, _ = measure_bare(folder, urls, options.processes, tuned=True)
        pages = found["pages"]
        report: dict[str, Any] = {
            "sites": options.sites,
            "pages_per_site": options.pages,
            "processes": options.processes,
            "ours": first.figures(pages) | found,
            "ours_second_visit": again.figures(repeated["pages"]) | repeated,
            "bare_scrapy": bare.figures(len(urls)) | {"pages": len(urls), "priced": priced},
            "tuned_scrapy": tuned.figures(len(urls)),
            "server_cpu_ms_per_page": round(1000 * server_cpu / max(1, pages), 2),
            "ratio_to_bare_scrapy": ratio(first, pages, bare, len(urls)),
            "ratio_to_tuned_scrapy": ratio(first, pages, tuned, len(urls)),
        }
        if options.tick:
            report["tick"] = measure_tick(folder, server.sites_dir, options.shards)
    return report


def ratio(ours: Cost, pages: int, peer: Cost, peer_pages: int) -> float:
    """Return our CPU a page over the peer's."""
    return round((ours.cpu_s / max(1, pages)) / (peer.cpu_s / max(1, peer_pages)), 3)


def show(report: Mapping[str, Any]) -> None:
    """Print the report for a person."""
    for name, value in report.items():
        told = ", ".join(f"{key} {figure}" for key, figure in value.items()) if isinstance(value, dict) else value
        sys.stdout.write(f"{name:24} {told}\n")


def body_kb(text: str) -> tuple[int, int]:
    """Read a range of kB."""
    low, _, high = text.partition("-")
    return int(low), int(high)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=500)
    parser.add_argument("--pages", type=int, default=20, help="product pages a site")
    parser.add_argument("--processes", type=int, default=2, help="crawl processes side by side, ours and the peer's")
    parser.add_argument("--shards", type=int, default=4, help="Dagster runs of the tick")
    parser.add_argument(
        "--body-kb", type=body_kb, default=REAL_SIZES_KB, metavar="LOW-HIGH", help="size of the pages (default: 60-150)"
    )
    parser.add_argument("--tick", action="store_true", help="also one tick through Dagster, one page a site")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="arb-scrape-cycle-") as folder:
        report = measure(options, Path(folder))
    if options.json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        show(report)


if __name__ == "__main__":
    main()
