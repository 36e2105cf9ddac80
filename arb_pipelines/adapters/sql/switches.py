"""The kill switch of each action, with the log of who set it and why.

What belongs here: the switches repository, and the reading of a switch inside a claim.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from arb_pipelines.adapters.sql.book_tables import book_mode, switch_changes, switches
from arb_pipelines.adapters.sql.engine import URGENT_POLL_S, money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.domain.spend_limit import Action, ActionState

# Nothing real is done in `replay` and `paper`, and in `assist` a person does it. In any other mode, one that is
# misspelt included, an action that nobody switched on is halted.
ACTIVE_MODES = frozenset({"replay", "paper", "assist"})


class SqlSwitches:
    """Fulfils `domain.stores.Switches`."""

    def __init__(self, engine: Engine, mode: str) -> None:
        """Keep the engine and the mode, which decides about actions never set."""
        self._engine = engine
        self._mode = mode
        self._default = default_state(mode)

    def state_of(self, action: Action) -> ActionState:
        """Return the state; an action never set is ACTIVE in replay, paper and assist mode, else HALTED.

        In books of another mode everything is HALTED: what paper money bought must not be offered for real.
        """
        with self._engine.connect() as connection:
            if connection.scalar(select(book_mode.c.mode)) not in (None, self._mode):
                return ActionState.HALTED
            state = connection.scalar(select(switches.c.state).where(switches.c.action == action.value))
            told = _told(connection, action)
        if told is not None:
            return told[0]
        return self._default if state is None else ActionState(state)

    def put(self, action: Action, state: ActionState, reason: str, by: str, at: datetime) -> None:
        """Set a state with its reason. When it returns, every later claim sees it and no earlier one is open.

        Stopping is told before it queues for the switch: the claims that queue already are refused as their turn
        comes. Behind 8 busy claiming processes the last claim came up to 1.6 s after the call when they were not.
        """
        values = {"action": action.value, "state": state.value, "reason": reason, "set_by": by}
        told = insert(switch_changes).values(**values, at=at)
        if state is not ActionState.ACTIVE:
            with money_transaction(self._engine, poll_s=URGENT_POLL_S) as connection:
                connection.execute(told)
        with money_transaction(self._engine, poll_s=URGENT_POLL_S) as connection:
            put = insert_into(connection, switches).values(**values, changed_at=at)
            changed = {name: put.excluded[name] for name in ("state", "reason", "set_by", "changed_at")}
            connection.execute(put.on_conflict_do_update(index_elements=["action"], set_=changed))
            if state is ActionState.ACTIVE:
                connection.execute(told)


def default_state(mode: str) -> ActionState:
    """Return the state of an action that nobody ever set."""
    return ActionState.ACTIVE if mode in ACTIVE_MODES else ActionState.HALTED


def lock_switch(connection: Connection, action: Action, mode: str, now: datetime) -> tuple[ActionState, str]:
    """Return an action's state and reason, and hold its row until the transaction ends.

    All claims queue on this row (PostgreSQL; SQLite has one writer anyway), and so does the hand on the switch:
    a shared lock would let a stream of claims starve it.
    """
    default = default_state(mode)
    row = insert_into(connection, switches).values(
        action=action.value, state=default.value, reason=f"default of {mode} mode", set_by="default", changed_at=now
    )
    query = select(switches.c.state, switches.c.reason).where(switches.c.action == action.value).with_for_update()
    found = connection.execute(query).one_or_none()
    if found is None:
        connection.execute(row.on_conflict_do_nothing())
        found = connection.execute(query).one()
    told = _told(connection, action)
    if told is not None and told[0] is not ActionState.ACTIVE:
        return told
    return ActionState(found.state), found.reason


def _told(connection: Connection, action: Action) -> tuple[ActionState, str] | None:
    """Return what was last asked for, which a stop is a moment before its switch is set."""
    asked = select(switch_changes.c.state, switch_changes.c.reason).where(switch_changes.c.action == action.value)
    last = connection.execute(asked.order_by(switch_changes.c.change_id.desc()).limit(1)).one_or_none()
    return None if last is None else (ActionState(last.state), last.reason)
