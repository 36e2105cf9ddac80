"""E-mail by the first vendor that takes it.

What belongs here: the order of the vendors, and what a failure of all of them means.
"""

from __future__ import annotations

from collections.abc import Sequence

from arb_pipelines.domain.delivery import Delivered, DeliveryUnknownError, MessageChannel, NotDelivered
from arb_pipelines.domain.message import OutboundMessage


class FirstThatTakes:
    """Fulfils `MessageChannel` over several vendors of one channel.

    The next vendor is asked when one is down, busy, does not know our account or gave no clear answer. The last case
    may make two copies, so this is for channels where copies are folded: mails carry one Message-ID by all vendors.
    """

    def __init__(self, vendors: Sequence[MessageChannel]) -> None:
        """Keep the vendors, the first choice first.

        Raises:
            ValueError: there is none.
        """
        if not vendors:
            raise ValueError("a channel needs at least one vendor")
        self._vendors = tuple(vendors)

    def send(self, message: OutboundMessage) -> Delivered | NotDelivered:
        """Send one message by the first vendor that takes it.

        Raises:
            DeliveryUnknownError: none took it for certain, and one may have.
        """
        refusals, unknown = list[NotDelivered](), list[str]()
        for vendor in self._vendors:
            try:
                answer = vendor.send(message)
            except DeliveryUnknownError as error:
                unknown.append(str(error))
                continue
            if isinstance(answer, Delivered):
                return answer
            refusals.append(answer)
        if unknown:
            raise DeliveryUnknownError("; ".join([*unknown, *(one.detail for one in refusals)]))
        return _joined(refusals)


def _joined(refusals: Sequence[NotDelivered]) -> NotDelivered:
    """One refusal for all: it heals if any of them does."""
    healing = [one for one in refusals if one.heals]
    first = (healing or refusals)[0]
    waits = [one.retry_after_s for one in healing if one.retry_after_s is not None]
    detail = "; ".join(one.detail for one in refusals)
    # Where one vendor may take it at once, there is no asked-for wait.
    wait_s = min(waits) if waits and len(waits) == len(healing) else None
    return NotDelivered(first.code, detail, heals=bool(healing), retry_after_s=wait_s)
