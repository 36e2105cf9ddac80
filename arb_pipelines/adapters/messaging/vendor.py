"""What a messaging vendor's answer means for a message.

What belongs here: the reading that e-mail, text message and webhook vendors share; the fields are each one's own.
"""

from __future__ import annotations

from collections.abc import Callable

from arb_pipelines.adapters.http.answers import Answer, NoAnswerError, NotSentError, UnreadableAnswerError
from arb_pipelines.domain.delivery import DeliveryUnknownError, NotDelivered

BUSY = 429
# The vendor will not take this message from us now, but the message itself is not at fault.
ACCOUNT_STATUSES = frozenset({401, 402, 403})
# A proxy may say these of a request that the vendor has taken; a text message sent again is read twice.
UNKNOWN_STATUSES = frozenset({408, 409, 425})


def ask(call: Callable[[], Answer]) -> Answer | NotDelivered:
    """Return the vendor's answer, or that the request certainly did nothing.

    Raises:
        DeliveryUnknownError: it may have been taken.
    """
    try:
        return call()
    except NotSentError as error:
        return NotDelivered("vendor_not_reached", str(error), heals=True, retry_after_s=error.retry_after_s)
    except PermissionError as error:
        return NotDelivered("vendor_account", str(error), heals=True)
    except NoAnswerError as error:
        if error.status == BUSY:
            return NotDelivered("vendor_busy", str(error), heals=True, retry_after_s=error.retry_after_s)
        raise DeliveryUnknownError(str(error)) from None
    except UnreadableAnswerError as error:
        raise DeliveryUnknownError(str(error)) from None


def refused(vendor: str, answer: Answer, words: str) -> NotDelivered:
    """Return what a status of 3xx or 4xx means: a fault of the account heals when somebody mends it.

    Args:
        vendor: its name, for a person.
        answer: without a good status.
        words: what it says is wrong, already cut and without what we sent.

    Raises:
        DeliveryUnknownError: the status does not say that nothing was taken.
    """
    detail = f"{vendor} answered {answer.status}" + (f": {words}" if words else "")
    if answer.status in UNKNOWN_STATUSES:
        raise DeliveryUnknownError(detail)
    if answer.status in ACCOUNT_STATUSES:
        return NotDelivered("vendor_account", detail, heals=True)
    return NotDelivered("vendor_refused", detail, heals=False)


def short(text: object, most: int = 200) -> str:
    """Return a vendor's words in one short line; "" where it gave none."""
    return " ".join(text.split())[:most] if isinstance(text, str) else ""
