"""`/webhooks/*`: what eBay, SendGrid and Twilio tell us, each event once.

What belongs here: from a signed request to kept events and an alert for the operator. Nothing here buys, sells or
sends: an event is a hint, and what matters is read again from its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from arb_pipelines.api.context import ApiContext, context_of
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.api.signatures import BadSignatureError, check_sendgrid, check_twilio, kept
from arb_pipelines.api.words import PLAIN
from arb_pipelines.domain.access_stores import WebhookEvent
from arb_pipelines.domain.alert import Alert, Severity
from arb_pipelines.services.notifications import raise_alert

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
MOST_EVENTS = 1_000
REPLAYED_AFTER = timedelta(minutes=5)  # a vendor that heard no answer sends again at once; later it is no accident
BAD_MAIL = frozenset({"bounce", "dropped", "spamreport", "blocked"})
BAD_SMS = frozenset({"failed", "undelivered"})
DELETION = "MARKETPLACE_ACCOUNT_DELETION"
JSON_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
FORM = "application/x-www-form-urlencoded"
FORM_BODY = {"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object"}}}}}


class Taken(BaseModel):
    """How many events a request brought, and how many of them were new."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": 2, "new": 2}})

    events: int
    new: int


class ChallengeAnswer(BaseModel):
    """What eBay wants to hear before it sends anything."""

    challenge_response: str = Field(alias="challengeResponse")


Challenge = Annotated[str, Query(min_length=1, max_length=200, pattern=PLAIN)]


@router.get("/ebay", summary="eBay's challenge", response_model=ChallengeAnswer)
def ebay_challenge(request: Request, challenge_code: Challenge) -> dict[str, str]:
    """Prove to eBay that this address is ours."""
    ebay = context_of(request).senders.ebay
    if ebay is None:
        raise not_set_up("ARB_EBAY, ARB_API_EBAY_VERIFICATION_TOKEN and ARB_API_PUBLIC_URL")
    return ebay.answer_challenge(challenge_code)


@router.post("/ebay", summary="eBay's notifications", openapi_extra=JSON_BODY)
async def ebay_event(request: Request) -> Taken:
    """Take one notification; 412 where eBay did not sign it, as eBay asks for."""
    body = await request.body()
    return await run_in_threadpool(_take_ebay, context_of(request), body, request.headers.get("x-ebay-signature", ""))


@router.post("/sendgrid", summary="SendGrid's mail events", openapi_extra=JSON_BODY)
async def sendgrid_events(request: Request) -> Taken:
    """Take a batch of mail events; all of it or nothing."""
    body, headers = await request.body(), request.headers
    signature = headers.get("x-twilio-email-event-webhook-signature", "")
    timestamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    return await run_in_threadpool(_take_sendgrid, context_of(request), body, signature, timestamp)


@router.post("/twilio", summary="Twilio's message states", openapi_extra=FORM_BODY)
async def twilio_event(request: Request) -> Taken:
    """Take what became of one text message."""
    if not request.headers.get("content-type", "").startswith(FORM):
        raise ProblemError(400, "no_form", f"send it as {FORM}")
    form = await request.form(max_fields=200)
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    query = f"?{request.url.query}" if request.url.query else ""
    signature = request.headers.get("x-twilio-signature", "")
    return await run_in_threadpool(_take_twilio, context_of(request), fields, query, signature)


def _take_ebay(context: ApiContext, body: bytes, signature: str) -> Taken:
    ebay = context.senders.ebay
    if ebay is None:
        raise not_set_up("ARB_EBAY, ARB_API_EBAY_VERIFICATION_TOKEN and ARB_API_PUBLIC_URL")
    try:
        event = ebay.read_event(body, signature)
    except ConnectionError as error:
        raise ProblemError(503, "key_unknown", "eBay's key cannot be fetched now; send it again") from error
    except ValueError as error:
        raise ProblemError(412, "bad_signature", "the notification is none of eBay's") from error
    data = kept(event.data, ["userId"]) if event.topic == DELETION else {}
    subject = f"eBay asks to forget its user {data.get('userId', 'unknown')}"
    alert = _alert("account_deletion", subject, "delete what is kept of this user")
    return _take(context, "ebay", [(event.event_id, event.topic, data)], alert if event.topic == DELETION else None)


def _take_sendgrid(context: ApiContext, body: bytes, signature: str, timestamp: str) -> Taken:
    key = context.senders.sendgrid_key
    if key is None:
        raise not_set_up("ARB_API_SENDGRID_PUBLIC_KEY")
    try:
        check_sendgrid(key, body, signature, timestamp, context.now())
    except BadSignatureError as error:
        raise ProblemError(403, "bad_signature", str(error)) from error
    events = _read_events(body)
    names = ["event", "sg_message_id", "reason", "status", "type"]
    lost = sorted({one["event"] for one in events} & BAD_MAIL)
    alert = _alert("mail_not_delivered", f"mail was not delivered: {', '.join(lost)}", "see the mail provider's log")
    told = [(one["sg_event_id"], one["event"], kept(one, names)) for one in events]
    return _take(context, "sendgrid", told, alert if lost else None)


def _read_events(body: bytes) -> list[dict[str, Any]]:
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProblemError(400, "bad_json", "the body is no JSON") from error
    if not isinstance(events, list) or len(events) > MOST_EVENTS or not all(_is_event(one) for one in events):
        raise ProblemError(422, "no_events", f"a list of up to {MOST_EVENTS} events with sg_event_id and event")
    return events


def _is_event(one: Any) -> bool:
    texts = [one.get("sg_event_id"), one.get("event")] if isinstance(one, dict) else [None]
    return all(isinstance(text, str) and 0 < len(text) <= 200 and "\x00" not in text for text in texts)


def _take_twilio(context: ApiContext, fields: list[tuple[str, str]], query: str, signature: str) -> Taken:
    token, url = context.senders.twilio_token, context.senders.public_url
    if token is None or url is None:
        raise not_set_up("ARB_API_TWILIO_AUTH_TOKEN and ARB_API_PUBLIC_URL")
    try:
        check_twilio(token, f"{url.rstrip('/')}/webhooks/twilio{query}", fields, signature)
    except BadSignatureError as error:
        raise ProblemError(403, "bad_signature", str(error)) from error
    told = kept(dict(fields), ["MessageSid", "MessageStatus", "ErrorCode"])
    if not told.get("MessageSid") or not told.get("MessageStatus"):
        raise ProblemError(422, "no_events", "MessageSid and MessageStatus are missing")
    event_id = f"{told['MessageSid']}:{told['MessageStatus']}"
    detail = f"error {told.get('ErrorCode', 'unknown')}"
    alert = _alert("sms_not_delivered", "a text message was not delivered", detail)
    bad = told["MessageStatus"] in BAD_SMS
    return _take(context, "twilio", [(event_id, told["MessageStatus"], told)], alert if bad else None)


Events = Sequence[tuple[str, str, dict[str, Any]]]


def _take(context: ApiContext, provider: str, events: Events, alert: Alert | None) -> Taken:
    """Tell the operator what must be told, then keep the events: what is kept counts as told when it comes again."""
    known = context.books.webhook_events.first_received(provider, [event_id for event_id, *_ in events])
    if alert is not None and known is None:
        raise_alert(context.books, alert, context.clock)
    taken = _keep(context, provider, events)
    if alert is not None and known is not None and taken.new:
        raise_alert(context.books, alert, context.clock)
    return taken


def _keep(context: ApiContext, provider: str, events: Events) -> Taken:
    """Keep events, each once.

    Raises:
        ProblemError: 409, every one of them came before, and not just now.
    """
    store, now = context.books.webhook_events, context.now()
    made = [WebhookEvent(provider, event_id, kind[:200], payload, now) for event_id, kind, payload in events]
    new = store.insert(made)
    if made and not new:
        first = store.first_received(provider, [one.event_id for one in made])
        if first is not None and now - first > REPLAYED_AFTER:
            raise ProblemError(409, "replayed", "these events were taken before; nothing was changed")
    return Taken(events=len(made), new=new)


def _alert(kind: str, subject: str, detail: str) -> Alert:
    return Alert(kind, subject, detail, Severity.WARNING)


def not_set_up(names: str) -> ProblemError:
    """Return that a vendor's webhook is not taken here, and what would change that."""
    return ProblemError(404, "not_set_up", f"set {names} to take these")
