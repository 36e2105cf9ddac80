"""The settings of a shard: every name is one that this Scrapy knows, and the measured ones are set."""

from __future__ import annotations

from scrapy.settings import default_settings

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.settings import browser_settings, crawl_settings

SITES = [Site(f"s{n}", "S", f"https://s{n}.example", delay_s=float(n)) for n in range(40)]
AGENT = "arb_pipelines/0.1 (+https://example.org/contact)"


def test_every_setting_is_known_to_scrapy() -> None:
    own = {"ARB_ALLOW_LOOPBACK"}
    unknown = [name for name in crawl_settings(SITES, AGENT, 60) if not hasattr(default_settings, name)]
    assert set(unknown) == own
    assert [name for name in browser_settings() if not hasattr(default_settings, name)] == []


def test_what_halves_scrapys_cpu_is_set() -> None:
    settings = crawl_settings(SITES, AGENT, 60)
    assert settings["CONCURRENT_ITEMS"] == 1
    assert settings["WARN_ON_GENERATOR_RETURN_VALUE"] is False


def test_what_would_open_a_port_or_carry_state_is_off() -> None:
    settings = crawl_settings(SITES, AGENT, 60)
    for name in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "COOKIES_ENABLED", "HTTPPROXY_ENABLED"):
        assert settings[name] is False, name


def test_each_site_has_its_own_slot_with_its_own_delay() -> None:
    slots = crawl_settings(SITES, AGENT, 60)["DOWNLOAD_SLOTS"]
    assert slots["s3"] == {"concurrency": 1, "delay": 3.0, "jitter": 0}
    assert len(slots) == 40


def test_bodies_and_times_are_bounded() -> None:
    settings = crawl_settings(SITES, AGENT, 60)
    assert settings["DOWNLOAD_MAXSIZE"] == 8 * 1024 * 1024
    assert settings["DOWNLOAD_TIMEOUT"] <= 30
    assert settings["REDIRECT_MAX_TIMES"] <= 5
    assert settings["CLOSESPIDER_TIMEOUT"] == 60


def test_sites_on_one_host_share_a_slot_at_the_slowest_pace() -> None:
    shared = [Site(key, "S", "https://one.example", delay_s=delay) for key, delay in (("a", 2.0), ("b", 7.0))]
    assert crawl_settings(shared, AGENT, 60)["DOWNLOAD_SLOTS"] == {"a": {"concurrency": 1, "delay": 7.0, "jitter": 0}}
