"""Senders of the mail effects: `mail.tell`, `mail.forward`, `mail.alert`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels.mail.composing import Composer, Tell
from channels.mail.identity import Identity
from channels.mail.reading.addresses import usable
from channels.mail.redirecting import redirected
from channels.mail.relay import Relay
from router.errors import PermanentFailure
from router.ledger import load_queries
from router.model import Effect, PromiseGiven, PromiseKind

if TYPE_CHECKING:
    from router.house import House

Q: Final = load_queries(Path(__file__).parent / "queries.sql")


@dataclass(frozen=True, slots=True)
class _Kept:
    identity: Identity
    composer: Composer


class Sending:
    """Makes a mail of an effect and hands it to the relay.

    Every sender raises TemporaryFailure, PermanentFailure or LedgerAway.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._relay = Relay(house.settings.smarthost, house.municipality.mail_domain)
        self._kept: _Kept | None = None

    async def _our(self) -> _Kept:
        """Made when the first effect comes: the secret is in the ledger."""
        if self._kept is None:
            house = self._house
            # Our addresses stay what the doors were opened with.
            identity = Identity(house.municipality, await house.ledger.secret())
            current = house.configuration.current
            composer = Composer(current, identity, house.settings.public_base_url)
            self._kept = _Kept(identity, composer)
        return self._kept

    async def tell(self, effect: Effect) -> None:
        """An acknowledgement to the citizen."""
        our = await self._our()
        payload = effect.payload
        to = usable(str(payload.get("to", "")))
        if not to:
            raise PermanentFailure("bad_address")
        head = await self._house.contacts.head(effect.contact_id)
        tell = Tell(
            template=str(payload["template"]),
            to=to,
            language=str(payload.get("language") or head.language),
            reference=head.reference,
            access_code=self._house.contacts.access_code(head.reference),
            department=head.department,
            promise=await self._promise(effect),
            tried_at=_moment(payload.get("at")),
            retry_at=_moment(payload.get("retry_at")),
            in_reply_to=await self._house.ledger.fetchval(Q["last_message_id"], effect.contact_id)
            or "",
            besides=payload.get("tell") or {},
        )
        try:
            message = our.composer.tell(effect.id, tell, self._house.clock.now())
        except KeyError as error:
            raise PermanentFailure("no_such_template") from error
        await self._relay.send(our.identity.return_address(head.reference), to, message.as_bytes())

    async def forward(self, effect: Effect) -> None:
        """The citizen's mail to the mailbox of the department that has the contact."""
        our = await self._our()
        to = self._mailbox(effect.payload)
        if to.casefold() in our.identity.intake:
            raise PermanentFailure("destination_is_intake")
        head = await self._house.contacts.head(effect.contact_id)
        mail_id = int(effect.payload["mail_id"])
        row = await self._house.ledger.fetchrow(Q["raw_mail"], mail_id)
        if row is None:
            raise PermanentFailure("no_such_mail")
        raw = redirected(
            row["raw"],
            effect_id=effect.id,
            mail_id=mail_id,
            peer=row["peer"],
            received_at=row["received_at"],
            received_for=our.identity.first_intake(row["recipients"]),
            to=to,
            reference=head.reference,
            identity=our.identity,
            now=self._house.clock.now(),
        )
        await self._relay.send(our.identity.return_address(head.reference), to, raw)

    async def alert(self, effect: Effect) -> None:
        """A word to the department that something needs it."""
        our = await self._our()
        head = await self._house.contacts.head(effect.contact_id)
        to = self._mailbox(effect.payload)
        promise = await self._promise(effect)
        try:
            message = our.composer.alert(
                effect.id,
                str(effect.payload["template"]),
                to,
                head.reference,
                promise.due_at if promise else head.next_due_at,
                self._house.clock.now(),
            )
        except KeyError as error:
            raise PermanentFailure("no_such_template") from error
        await self._relay.send(our.identity.return_address(head.reference), to, message.as_bytes())

    def _mailbox(self, payload: Mapping[str, Any]) -> str:
        municipality = self._house.municipality
        departments = municipality.departments
        # A department that has left the configuration is served by the default one.
        department = departments.get(
            str(payload.get("department", "")), departments[municipality.default_department]
        )
        return department.mailbox

    async def _promise(self, effect: Effect) -> PromiseGiven | None:
        """What the citizen hears: as it was said, else the promise that is named or due first."""
        said = effect.payload.get("promise")
        if isinstance(said, Mapping):
            due_at = _moment(said.get("due_at"))
            if due_at is not None:
                return PromiseGiven(
                    PromiseKind(said["kind"]),
                    _moment(said.get("not_before")),
                    due_at,
                    str(said.get("phone") or ""),
                )
        row = await self._house.ledger.fetchrow(
            Q["promise_to_tell"], effect.contact_id, effect.payload.get("promise_id")
        )
        if row is None:
            return None
        return PromiseGiven(
            PromiseKind(row["kind"]), row["not_before"], row["due_at"], row["phone"]
        )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None
