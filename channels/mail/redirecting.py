"""Handing a citizen's mail on inside the municipality: a redirect (RFC 5322 3.6.6).

Our trace and Resent- fields go in front; not a byte of the mail itself changes,
so signatures stay valid and From, Reply-To and Message-ID stay the citizen's.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from channels.mail.identity import Identity
from channels.mail.reading.letter import Letter
from channels.mail.reading.pipeline import LOOP_HEADER
from router.errors import PermanentFailure

MOST_HOPS: Final = 50
_BLANK_START: Final = re.compile(rb"\A(?:[ \t]*\r?\n)+")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")


def redirected(
    raw: bytes,
    *,
    effect_id: int,
    mail_id: int,
    peer: str,
    received_at: datetime,
    received_for: str,
    to: str,
    reference: str,
    identity: Identity,
    now: datetime,
) -> bytes:
    """`raw` with our fields in front. Raises PermanentFailure when it would loop."""
    # A blank line in front would end the headers before the mail's own begin.
    raw = _BLANK_START.sub(b"", raw[:2000]) + raw[2000:]
    end = _HEADERS_END.search(raw)
    letter = Letter(raw[: end.end()] if end else raw[:100_000])
    if len(letter.all("received")) > MOST_HOPS:
        raise PermanentFailure("too_many_hops")
    if any(identity.is_loop_mark(mark) for mark in letter.all(LOOP_HEADER)):
        raise PermanentFailure("own_loop_mark")
    fields = [
        ("Received", _received(peer, identity.domain, mail_id, received_at)),
        ("Delivered-To", received_for),
        ("Resent-Date", format_datetime(now)),
        ("Resent-From", f"<{identity.address}>"),
        ("Resent-To", f"<{to}>"),
        ("Resent-Message-ID", identity.message_id(effect_id)),
        ("X-Indgang-Reference", reference),
        (LOOP_HEADER, identity.loop_mark(effect_id)),
    ]
    block = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    return block.encode("utf-8", "replace") + raw


def _received(peer: str, domain: str, mail_id: int, received_at: datetime) -> str:
    host = f"[IPv6:{peer}]" if ":" in peer else f"[{peer or 'unknown'}]"
    date = format_datetime(received_at)
    return f"from {host}\r\n\tby {domain} (Indgang) with ESMTP id {mail_id};\r\n\t{date}"
