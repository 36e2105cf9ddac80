"""Raw scrapes in MongoDB, or in a server that speaks its language.

What belongs here: a small plain surface - unordered bulk upsert by `_id`, find by time of storing, one index - so
that any compatible server will do. The server stamps `stored_at` itself: writers' clocks may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from arb_pipelines.adapters.parquet.raw_frame import RAW_SCHEMA, raw_frame
from arb_pipelines.domain.raw_product import RawProduct

# A write becomes visible a little after its stamp; so much is read again.
OVERLAP = timedelta(minutes=2)
START = datetime(1970, 1, 1, tzinfo=UTC)


def build(url: str, database: str, keep_days: int | None = None) -> MongoRawScrapes:
    """Return the raw store in collection `raw_scrapes` of a database, with its index.

    Args:
        url: a `mongodb://` address.
        database: the database's name.
        keep_days: the server deletes records this many days after they were stored; None keeps them for ever.

    Raises:
        pymongo.errors.ServerSelectionTimeoutError: no server answers within 10 s.
        pymongo.errors.OperationFailure: the index exists with another `keep_days`; drop it first.
    """
    from pymongo import MongoClient
    from pymongo.read_concern import ReadConcern
    from pymongo.write_concern import WriteConcern

    client: Any = MongoClient(url, tz_aware=True, serverSelectionTimeoutMS=10_000)
    collection = client[database].get_collection(
        "raw_scrapes", write_concern=WriteConcern(w="majority", j=True), read_concern=ReadConcern("majority")
    )
    lifetime = {} if keep_days is None else {"expireAfterSeconds": keep_days * 86_400}
    collection.create_index([("stored_at", 1)], name="stored_at", **lifetime)
    return MongoRawScrapes(collection, client)


class MongoRawScrapes:
    """Fulfils `domain.stores.RawScrapes` over one collection."""

    def __init__(self, collection: Any, client: Any) -> None:
        """Keep a pymongo collection (or anything with its five methods used here) and the client to close."""
        self._collection = collection
        self._client = client

    def append(self, records: Sequence[RawProduct]) -> int:
        """Store the records durably and return how many; return only after a majority has it in its journal.

        Raises:
            pymongo.errors.PyMongoError: not all were stored; append the same records again.
        """
        from pymongo import UpdateOne

        documents = [_document(row) for row in raw_frame(records).iter_rows(named=True)]
        if not documents:
            return 0
        updates = [
            UpdateOne(
                {"_id": document["scrape_id"]},
                {"$set": document, "$currentDate": {"stored_at": True}},
                upsert=True,
            )
            for document in documents
        ]
        result = self._collection.bulk_write(updates, ordered=False)
        return int(result.upserted_count) + int(result.matched_count)

    def load_since(self, cursor: str | None) -> tuple[pl.DataFrame, str]:
        """Return the records stored since `cursor` (some may come twice) and the next cursor.

        Columns as `adapters.parquet.raw_frame.RAW_SCHEMA`.

        Raises:
            ValueError: not a cursor of this store.
        """
        since = _cursor_time(cursor)
        found = list(self._collection.find({"stored_at": {"$gte": since - OVERLAP if cursor else since}}))
        found.sort(key=lambda document: document["stored_at"])
        rows = [_row(document) for document in found]
        newest = max([since, *(document["stored_at"] for document in found)])
        return pl.DataFrame(rows, schema=RAW_SCHEMA), newest.isoformat()

    def load_newest(self, limit: int) -> pl.DataFrame:
        """Return the `limit` records stored last."""
        found = self._collection.find().sort("stored_at", -1).limit(limit)
        return pl.DataFrame([_row(document) for document in found], schema=RAW_SCHEMA)

    def contains(self, scrape_id: str) -> bool:
        """Return whether the record is kept."""
        return self._collection.find_one({"_id": str(scrape_id)}, {"_id": 1}) is not None

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    """MongoDB keeps times to the millisecond; ours stay exact as whole microseconds since 1970."""
    microseconds = (row["fetched_at"] - START) // timedelta(microseconds=1)
    return {**row, "fetched_at": microseconds}


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: document.get(name) for name in RAW_SCHEMA}
    return {**row, "fetched_at": START + timedelta(microseconds=document["fetched_at"])}


def _cursor_time(cursor: str | None) -> datetime:
    if cursor is None:
        return START
    try:
        at = datetime.fromisoformat(cursor)
    except ValueError as error:
        raise ValueError(f"{cursor!r} is not a cursor of the MongoDB raw store; begin again with no cursor") from error
    if at.tzinfo is None:
        raise ValueError(f"{cursor!r} is not a cursor of the MongoDB raw store; begin again with no cursor")
    return at
