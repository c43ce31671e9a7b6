"""What can go wrong, the sender's fault kept apart from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class HouseError(Exception):
    """Base of the house's own errors."""


class SenderError(HouseError):
    """The sender can put it right. `code` is static and safe to show and log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


class NotFound(SenderError):
    """No such contact, promise or person."""


class Conflict(SenderError):
    """The thing has changed meanwhile, or the step does not fit its state."""


class KeyReused(SenderError):
    """One dedupe key came with two different contents."""


class LedgerAway(HouseError):
    """PostgreSQL cannot be reached now. Ours; the sender may try again."""


class ConfigError(HouseError):
    """The configuration is wrong; the text names file, line and what to do."""


class NotYet(HouseError):
    """An effect may not leave at this hour; nothing is wrong with it."""

    def __init__(self, until: datetime) -> None:
        super().__init__("not_yet")
        self.until = until


class TemporaryFailure(HouseError):
    """An effect could not be sent now; try again later. `code` has no personal data."""


class PermanentFailure(HouseError):
    """An effect can never be sent as it is; a person must own it."""
