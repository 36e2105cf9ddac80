"""`WS /ws/opportunities`: new opportunities as they are found, resumed from a cursor after a reconnect.

What belongs here: one connection's life. What is sent, to whom and how fast is `api/feed.py`. Messages are JSON:
`{"type": "hello", "cursor"}` first, then `{"type": "opportunity", "cursor", "opportunity"}`; `{"type": "gap"}` says
that the cursor given was too far behind, and that the list must be read again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from arb_pipelines.api.access import principal_of
from arb_pipelines.api.context import context_of
from arb_pipelines.api.feed import FEED_ORDER, Client, Feed
from arb_pipelines.api.problems import ProblemError
from arb_pipelines.api.words import cursor_of, place_of
from arb_pipelines.domain.access import Act
from arb_pipelines.domain.pages import Place

router = APIRouter()
REFUSED, TRY_LATER, GOING_AWAY = 1008, 1013, 1001
SEND_TIMEOUT_S = 10.0
CHECK_AGAIN_S = 30.0  # a session that was ended hears no more than this long


@router.websocket("/ws/opportunities")
async def opportunity_feed(websocket: WebSocket, cursor: str | None = None) -> None:
    """Send every new opportunity once; those behind `cursor` come first, some of the last minute perhaps again."""
    who = await principal_of(websocket)
    if who is None or not who.may(Act.READ):
        await websocket.close(REFUSED, "not_logged_in")
        return
    try:
        after = place_of(FEED_ORDER, cursor, of_time=True)
    except ProblemError as error:
        await websocket.close(REFUSED, error.code)
        return
    feed = context_of(websocket).feed
    client = await feed.join()
    if client is None:
        await websocket.close(TRY_LATER, "too_many_listeners")
        return
    try:
        await websocket.accept()
        await _serve(websocket, feed, client, after)
    finally:
        feed.leave(client)


async def _serve(websocket: WebSocket, feed: Feed, client: Client, after: Place | None) -> None:
    tasks: list[asyncio.Task[None]] = [
        asyncio.create_task(_send_all(websocket, feed, client, after)),
        asyncio.create_task(_until_gone(websocket)),
        asyncio.create_task(_until_dropped(client)),
        asyncio.create_task(_until_logged_out(websocket)),
    ]
    dropped, logged_out = tasks[2:]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    over = _was_done(dropped) or _was_done(logged_out)
    reason = (TRY_LATER, "too_slow") if _was_done(dropped) else (REFUSED, "not_logged_in")
    if over:
        with contextlib.suppress(Exception):  # a client that reads nothing hears no goodbye either
            await asyncio.wait_for(websocket.close(*reason), 1.0)


def _was_done(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is None


async def _send_all(websocket: WebSocket, feed: Feed, client: Client, after: Place | None) -> None:
    await _send(websocket, json.dumps({"type": "hello", "cursor": cursor_of(FEED_ORDER, after or feed.place())}))
    sent: set[str] = set()
    if after is not None:
        messages, complete = await feed.replay(after)
        if not complete:
            await _send(websocket, json.dumps({"type": "gap"}))
        for message in messages if complete else ():
            sent.add(message.opportunity_id)
            await _send(websocket, message.text)
    while True:
        message = await client.waiting.get()
        if message.opportunity_id not in sent:
            await _send(websocket, message.text)


async def _send(websocket: WebSocket, text: str) -> None:
    await asyncio.wait_for(websocket.send_text(text), SEND_TIMEOUT_S)


async def _until_gone(websocket: WebSocket) -> None:
    """Nothing is expected from a client; reading is how its going is noticed."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.receive()


async def _until_dropped(client: Client) -> None:
    await client.dropped.wait()


async def _until_logged_out(websocket: WebSocket) -> None:
    while True:
        await asyncio.sleep(CHECK_AGAIN_S)
        if await principal_of(websocket) is None:
            return
