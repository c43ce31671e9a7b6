"""Who we are in mail: our addresses, our Message-IDs, our signed marks.

Everything that leads back to a contact is signed with the installation's
secret, so nobody can make one up.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from router.reference import reference_from_reply_token, reply_token

if TYPE_CHECKING:
    from router.config import Municipality

REPLY: Final = "svar"
RETURN: Final = "retur"

_SIGNED: Final = re.compile(r"(\d{1,18})\.([0-9a-f]{24})")


class Identity:
    """Our addresses and marks; pure, and cheap to ask at every RCPT."""

    def __init__(self, municipality: Municipality, secret: bytes) -> None:
        self._secret = secret
        self.domain = municipality.mail_domain.lower()
        self.address = municipality.mail_address
        self.name = municipality.name
        # RFC 5321 4.5.1: postmaster is always answered for.
        self.intake: frozenset[str] = frozenset(
            address.casefold()
            for address in (*municipality.intake_addresses, f"postmaster@{self.domain}")
        )

    def accepts(self, address: str) -> bool:
        """Whether mail to `address` is ours to take."""
        return (
            address.casefold() in {*self.intake, "postmaster"}
            or self.reference_in(address) is not None
        )

    def reference_in(self, address: str) -> str | None:
        """The contact that one of our signed addresses names, or None."""
        local, _, domain = address.rpartition("@")
        word, plus, token = local.partition("+")
        if domain.lower() != self.domain or not plus or word.lower() not in {REPLY, RETURN}:
            return None
        return reference_from_reply_token(self._secret, token)

    def is_return_address(self, address: str) -> bool:
        """Whether it is an address that only reports about our own mail come to."""
        return address.lower().startswith(f"{RETURN}+") and self.reference_in(address) is not None

    def reply_address(self, reference: str) -> str:
        """Where the citizen's answer about this contact goes."""
        return f"{REPLY}+{reply_token(self._secret, reference)}@{self.domain}"

    def return_address(self, reference: str) -> str:
        """Envelope sender of our mail about this contact, so that a bounce finds it."""
        return f"{RETURN}+{reply_token(self._secret, reference)}@{self.domain}"

    def first_intake(self, addresses: Iterable[str]) -> str:
        """The first of `addresses` that is ours, or empty."""
        return next((address for address in addresses if self.accepts(address)), "")

    def message_id(self, effect_id: int) -> str:
        """The one Message-ID of an effect, the same at every attempt."""
        return f"<{effect_id}.{self._signature('message-id', effect_id)}@{self.domain}>"

    def effect_of(self, message_id: str) -> int | None:
        """The effect that carries `message_id`, or None if we did not send it."""
        local, _, domain = message_id.strip("<>").rpartition("@")
        if domain.lower() != self.domain:
            return None
        return self._verified("message-id", local)

    def loop_mark(self, effect_id: int) -> str:
        """Value of the header by which we know our own mail again."""
        return f"{effect_id}.{self._signature('loop', effect_id)}"

    def is_loop_mark(self, value: str) -> bool:
        """Whether we wrote that header."""
        return self._verified("loop", value.strip()) is not None

    def _verified(self, purpose: str, signed: str) -> int | None:
        match = _SIGNED.fullmatch(signed)
        if match is None:
            return None
        number = int(match.group(1))
        expected = self._signature(purpose, number)
        return number if hmac.compare_digest(match.group(2), expected) else None

    def _signature(self, purpose: str, number: int) -> str:
        return hmac.digest(self._secret, f"mail:{purpose}:{number}".encode(), "sha256").hex()[:24]
