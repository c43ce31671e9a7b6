"""Where a page of the queue ended: a due time and a promise id, opaque to whoever holds it."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from router.errors import SenderError

if TYPE_CHECKING:
    from router.rows import PromiseRow


def write(promise: PromiseRow) -> str:
    """The cursor of what follows `promise`."""
    text = orjson.dumps([promise.due_at, promise.id])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read(cursor: str | None) -> tuple[datetime | None, int | None]:
    """Due time and promise id to go on after. Raises SenderError `bad_cursor`."""
    if not cursor:
        return None, None
    try:
        due, promise_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(due)
        if not 1900 < at.year < 9000:
            raise ValueError("a cursor's time is one that PostgreSQL can hold")
        if at.tzinfo is None:
            raise ValueError("a cursor's time is aware")
        if not 0 <= int(promise_id) < 2**63:
            raise ValueError("a cursor's id is one that PostgreSQL can hold")
        return at, int(promise_id)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise SenderError("bad_cursor", "The cursor is not one that we gave.") from None
