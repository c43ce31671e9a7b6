"""What the rules are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.model import Channel, Group


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an arrival when it is routed (visiteret)."""

    channel: Channel
    to: str = ""
    """The number called or the address written to."""
    menu: str = ""
    """Department id that the sender chose in a menu or a form."""
    group: Group | None = None
    language: str = "da"
    subject: str = ""
    text: str = ""
    callback_wanted: bool = False
    known_party: bool = False
    open_now: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Who gets a contact, and why. The explanation holds words of our own
    vocabulary only, never the sender's text."""

    department: str
    caseworker: str | None
    rule_id: str
    table_version: str
    confidence: float
    """0 to 1: how far the text speaks for the department that it points to best.
    1 when a rule did not need the text."""
    flags: frozenset[str]
    group: Group | None
    priority: int
    """0 ordinary; higher goes first."""
    candidates: tuple[tuple[str, float], ...]
    """The departments that the text points to, best first, at most three."""
    explanation: Mapping[str, Any]
    """`trace` (each rule tried and the first condition that failed), `words`
    (vocabulary found), `why` ({da, en}), and, when so, `authority` and `cut`."""
