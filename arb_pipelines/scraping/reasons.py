"""Reason codes: why a request brought nothing, as one word that is stored, counted and shown.

What belongs here: the exceptions that carry a code, and the translation of everybody else's exceptions.
"""

from __future__ import annotations

from typing import Any

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.spidermiddlewares.httperror import HttpError


class RefusedRequestError(IgnoreRequest):
    """A request that we do not make, or an answer that we do not use; `reason` says why."""

    def __init__(self, reason: str) -> None:
        """Carry the reason code."""
        super().__init__(reason)
        self.reason = reason


_BY_TYPE: tuple[tuple[type[BaseException], str], ...] = (
    (DownloadTimeoutError, "timeout"),
    (TimeoutError, "timeout"),
    (DownloadConnectionRefusedError, "connection_refused"),
    (CannotResolveHostError, "dns_failure"),
    (DownloadCancelledError, "too_large"),
    (ResponseDataLossError, "truncated"),
    (UnsupportedURLSchemeError, "bad_url"),
)
# Only the text tells these apart: Scrapy, OpenSSL and Chromium raise one type for many causes.
_BY_TEXT = (
    ("max redirections", "redirect_loop"),
    ("DOWNLOAD_MAXSIZE", "too_large"),
    ("HeadTooLargeError", "too_large"),
    ("ssrf_", "ssrf_private_address"),
    ("certificate verify failed", "tls_error"),
    ("ParseError", "bad_response"),
    ("Content-Length", "bad_response"),
    ("non-decimal digits", "bad_response"),  # of a Content-Length
    ("SSL", "tls_error"),
    ("ERR_CERT_", "tls_error"),
    ("SEC_ERROR_", "tls_error"),
    ("ERR_TOO_MANY_REDIRECTS", "redirect_loop"),
    ("NS_ERROR_REDIRECT_LOOP", "redirect_loop"),
    ("ERR_UNSAFE_REDIRECT", "bad_redirect"),
    ("ERR_UNKNOWN_URL_SCHEME", "bad_redirect"),
    ("ERR_CONNECTION_REFUSED", "connection_refused"),
    ("ERR_NAME_NOT_RESOLVED", "dns_failure"),
    ("ERR_RESPONSE_HEADERS_TOO_BIG", "too_large"),
    ("ERR_CONTENT_LENGTH_MISMATCH", "truncated"),
    ("ERR_INCOMPLETE_CHUNKED_ENCODING", "truncated"),
    ("ERR_INVALID_HTTP_RESPONSE", "bad_response"),
    ("ERR_RESPONSE_HEADERS_MULTIPLE", "bad_response"),
    ("ERR_CONTENT_DECODING_FAILED", "bad_response"),
    ("ERR_TIMED_OUT", "timeout"),
    ("ERR_ABORTED", "not_html"),  # a navigation that turned into a download
    ("Download is starting", "not_html"),
    ("crashed", "page_crashed"),
    ("Timeout", "timeout"),
    ("Executable doesn't exist", "browser_missing"),
    ("BrowserType.", "browser_missing"),
    ("has been closed", "browser_lost"),
    ("ERR_", "connection_lost"),
    ("NS_ERROR_", "connection_lost"),
)


def reason_of(error: BaseException) -> str:
    """Return the reason code of any exception that ended a request."""
    if isinstance(error, RefusedRequestError):
        return error.reason
    if isinstance(error, HttpError):
        status = error.response.status
        return "bad_redirect" if 300 <= status < 400 else f"http_{status}"
    text = f"{type(error).__name__}: {error}"
    for fragment, reason in _BY_TEXT:
        if fragment in text:
            return reason
    for kind, reason in _BY_TYPE:
        if isinstance(error, kind):
            return reason
    return "connection_lost" if isinstance(error, DownloadFailedError) else "download_error"


def response_of(error: BaseException) -> Any:
    """Return the response that an HTTP error carries, else None."""
    return error.response if isinstance(error, HttpError) else None
