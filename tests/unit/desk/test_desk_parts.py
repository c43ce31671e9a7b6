"""Small pure parts: local times, cursors, filters, addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.desk.events import _order
from channels.desk.localtime import from_wall, to_wall
from channels.desk.login import _safe_next
from channels.desk.queue import Filters, decode_cursor, encode_cursor
from channels.desk.screen import address
from router.errors import SenderError

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-24T14:30", datetime(2026, 11, 24, 13, 30, tzinfo=UTC)),
        ("2026-07-24T14:30", datetime(2026, 7, 24, 12, 30, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first of two
        ("2026-11-24T14:30+00:00", datetime(2026, 11, 24, 14, 30, tzinfo=UTC)),
        (" ", None),
    ],
)
def test_wall_time(text: str, at: datetime | None) -> None:
    assert from_wall(text, COPENHAGEN) == at


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2027-03-28T02:30", "time_does_not_exist"),
        ("i morgen", "time_unreadable"),
        ("0001-01-01T00:00", "time_unreadable"),
        ("9999-12-31T23:59+00:00", "time_unreadable"),
        ("0001-01-01T00:00+14:00", "time_unreadable"),
    ],
)
def test_wall_time_that_cannot_be(text: str, code: str) -> None:
    with pytest.raises(SenderError) as refused:
        from_wall(text, COPENHAGEN)
    assert refused.value.code == code


SECONDS = st.integers(0, 4_000_000_000)
"""Seconds since 1970, to the year 2096."""


@given(SECONDS)
def test_wall_time_there_and_back(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds // 60 * 60, UTC)
    back = from_wall(to_wall(at, COPENHAGEN), COPENHAGEN)
    assert back is not None
    assert back in (at, at.replace(hour=(at.hour - 1) % 24))  # the repeated hour in autumn


@given(SECONDS, st.integers(0, 999_999), st.integers(1, 2**62))
def test_cursor_there_and_back(seconds: int, microsecond: int, promise: int) -> None:
    due_at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microsecond)
    assert decode_cursor(encode_cursor(due_at, promise)) == (due_at, promise)


@given(st.text(max_size=80))
def test_any_text_as_cursor_is_refused_or_read(text: str) -> None:
    try:
        due_at, promise = decode_cursor(text)
    except SenderError as refused:
        assert refused.code == "bad_cursor"
    else:
        assert (due_at is None) == (text == "")
        assert promise >= 0


def test_a_change_of_filter_starts_at_the_first_page() -> None:
    filters = Filters(department="byg", owner="me", cursor="abc")
    assert filters.query(kind="callback") == {
        "department": "byg", "owner": "me", "kind": "callback",
    }  # fmt: skip
    assert filters.query(owner="") == {"department": "byg"}
    assert not Filters(department="byg").narrowed
    assert Filters(due="overdue").narrowed


@pytest.mark.parametrize(
    ("target", "onward"),
    [
        ("/desk", "/desk"),
        ("/desk/contacts/1?lang=en", "/desk/contacts/1?lang=en"),
        ("", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("https://evil.example/desk", "/desk"),
        ("/deskevil", "/desk"),
        ("/desk/\\evil.example", "/desk"),
        ("/desk/x\r\nSet-Cookie: a=b", "/desk"),
        ("/desk/login?next=/desk/login", "/desk"),
    ],
)
def test_log_in_leads_to_the_desk_only(target: str, onward: str) -> None:
    assert _safe_next(target) == onward


def test_stream_ids_are_ordered_as_numbers() -> None:
    given = ["x", "9-2", "10-1", "10-12", "10-2"]
    assert sorted(given, key=_order) == ["x", "9-2", "10-1", "10-2", "10-12"]
    assert _order("") == _order("1" * 40) == _order("²-1") == (0, 0)


def test_addresses_keep_the_language() -> None:
    assert address("/desk", "da") == "/desk"
    assert address("/desk", "en", owner="me") == "/desk?owner=me&lang=en"
    assert address("/desk", "da", cursor="a&b") == "/desk?cursor=a%26b"
