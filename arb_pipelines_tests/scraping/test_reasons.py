"""Every way a request can end has one reason code."""

from __future__ import annotations

import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import HtmlResponse
from scrapy.spidermiddlewares.httperror import HttpError

from arb_pipelines.scraping.reasons import RefusedRequestError, reason_of, response_of
from arb_pipelines.scraping.resolver import RefusedAddressError


def http_error(status: int) -> HttpError:
    return HttpError(HtmlResponse("https://s.example", status=status), "ignoring")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RefusedRequestError("robots_disallow"), "robots_disallow"),
        (RefusedAddressError("ssrf_private_address"), "ssrf_private_address"),
        (http_error(503), "http_503"),
        (http_error(302), "bad_redirect"),
        (DownloadTimeoutError("took longer"), "timeout"),
        (DownloadConnectionRefusedError("refused"), "connection_refused"),
        (CannotResolveHostError("no such name"), "dns_failure"),
        (DownloadCancelledError("expected size larger than DOWNLOAD_MAXSIZE"), "too_large"),
        (ResponseDataLossError("partial"), "truncated"),
        (IgnoreRequest("max redirections reached"), "redirect_loop"),
        (DownloadFailedError("certificate verify failed"), "tls_error"),
        (DownloadFailedError("connection lost"), "connection_lost"),
        (RuntimeError("Page.goto: net::ERR_CONNECTION_REFUSED at http://x"), "connection_refused"),
        (RuntimeError("BrowserType.launch: Executable doesn't exist"), "browser_missing"),
        (
            DownloadFailedError("[<Failure twisted.web._newclient.ParseError: ('wrong number of parts', b'x')>]"),
            "bad_response",
        ),
        (DownloadFailedError("ValueError: Invalid Content-Length header"), "bad_response"),
        (DownloadFailedError("[<Failure HeadTooLargeError: more than 524288 bytes of headers>]"), "too_large"),
        (RuntimeError("Page.goto: net::ERR_RESPONSE_HEADERS_TOO_BIG at http://x"), "too_large"),
        (RuntimeError("Page.goto: net::ERR_CONNECTION_RESET at http://x"), "connection_lost"),
        (RuntimeError("Page.goto: NS_ERROR_NET_RESET"), "connection_lost"),
        (RuntimeError("Page.goto: net::ERR_CERT_DATE_INVALID at https://x"), "tls_error"),
        (RuntimeError("Page.goto: Page crashed"), "page_crashed"),
        (RuntimeError("Page.evaluate: Target page, context or browser has been closed"), "browser_lost"),
        (RuntimeError("BrowserType.connect_over_cdp: connect ECONNREFUSED"), "browser_missing"),
        (RuntimeError("who knows"), "download_error"),
    ],
)
def test_reason_codes(error: BaseException, reason: str) -> None:
    assert reason_of(error) == reason


def test_the_response_of_an_http_error_is_at_hand() -> None:
    error = http_error(403)
    assert response_of(error) is error.response
    assert response_of(RuntimeError()) is None
