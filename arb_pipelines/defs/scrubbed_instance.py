"""The Dagster instance of ours: an event is scrubbed of secrets before it is stored.

What belongs here: that one step. Log lines are scrubbed where they are made (`domain/redaction.py`); the error of a
failed step and metadata go past the logs, and a failed step's traceback is what the page shows first.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional

from dagster import DagsterInstance
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value, serialize_value

from arb_pipelines.domain.redaction import PROCESS

if TYPE_CHECKING:
    from dagster._core.events import DagsterEventBatchMetadata


def scrubbed(event: EventLogEntry) -> EventLogEntry:
    """Return the event without the secrets that this process knows; the same object when it holds none."""
    text = serialize_value(event)
    clean = PROCESS.scrub(text)
    return event if clean == text else deserialize_value(clean, EventLogEntry)


class ScrubbedInstance(DagsterInstance):
    """Named in dagster.yaml as `instance_class`; works over every storage."""

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        """Return the keys of its own in dagster.yaml: none."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, Any]:
        """Return what is used where dagster.yaml says nothing: Dagster's own."""
        return InstanceRef.config_defaults(base_dir)

    def store_scrubbed(
        self, event: EventLogEntry, *, batch_metadata: Optional["DagsterEventBatchMetadata"] = None
    ) -> None:
        """Store the event, scrubbed, and tell its subscribers."""
        super().handle_new_event(scrubbed(event), batch_metadata=batch_metadata)

    handle_new_event = store_scrubbed  # Dagster's name for it
