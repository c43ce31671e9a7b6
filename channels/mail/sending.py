"""Senders of the mail effects: `mail.tell`, `mail.forward`, `mail.alert`, `mail.alert_list`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels.mail.alerts import LONGEST_LIST, Alert, Line
from channels.mail.composing import Composer, Tell
from channels.mail.identity import Identity
from channels.mail.occasions import occasion
from channels.mail.reading.addresses import usable
from channels.mail.redirecting import redirected
from channels.mail.relay import Relay
from router.alarms import alarm_address
from router.errors import PermanentFailure
from router.ledger import load_queries
from router.model import Effect, PromiseGiven, PromiseKind
from router.promise_policies import Audience

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
            department=str(payload.get("department") or head.department),
            promise=await self._promise(effect),
            tried_at=_moment(payload.get("at")),
            retry_at=_moment(payload.get("retry_at")),
            in_reply_to=await self._house.ledger.fetchval(Q["last_message_id"], effect.contact_id)
            or "",
            occasion=await occasion(self._house, effect, head.language),
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
        """A word to those who must know that something needs them.

        An alarm about a promise that has been kept meanwhile is not sent any more.
        """
        our = await self._our()
        head = await self._house.contacts.head(effect.contact_id)
        now = self._house.clock.now()
        if effect.payload.get("audience"):
            alert = await self._alarm(effect, head.reference, now)
            if alert is None:
                return
        else:
            promise = await self._promise(effect)
            alert = Alert(
                str(effect.payload["template"]),
                self._mailbox(effect.payload),
                head.reference,
                promise.due_at if promise else head.next_due_at,
            )
        try:
            message = our.composer.alert(effect.id, alert, now)
        except KeyError as error:
            raise PermanentFailure("no_such_template") from error
        sender = our.identity.return_address(head.reference)
        await self._relay.send(sender, alert.to, message.as_bytes())

    async def alert_list(self, effect: Effect) -> None:
        """One mail that stands for many alarms to one address."""
        our = await self._our()
        to = usable(str(effect.payload.get("to", "")))
        if not to:
            raise PermanentFailure("bad_address")
        rows = await self._house.ledger.fetch(Q["alarmed"], list(effect.payload["promises"]))
        if not rows:
            return
        lines = [
            Line(row["reference"], PromiseKind(row["kind"]), row["due_at"])
            for row in rows[:LONGEST_LIST]
        ]
        message = our.composer.alert_list(effect.id, to, lines, len(rows), self._house.clock.now())
        head = await self._house.contacts.head(effect.contact_id)
        sender = our.identity.return_address(head.reference)
        await self._relay.send(sender, to, message.as_bytes())

    async def _alarm(self, effect: Effect, reference: str, now: datetime) -> Alert | None:
        """Whom an alarm reaches is found when it leaves: the owner may have changed."""
        payload, municipality = effect.payload, self._house.municipality
        row = await self._house.ledger.fetchrow(Q["alarm"], payload.get("promise_id"))
        if row is None or row["ended_at"] is not None:
            return None
        audience, department = Audience(payload["audience"]), row["department"]
        to = alarm_address(municipality, audience, department, row["caseworker"])
        own = municipality.departments.get(department)
        to_mailbox = own is None or to == own.mailbox
        return Alert(
            "late" if row["due_at"] <= now else "warning",
            to,
            reference,
            row["due_at"],
            PromiseKind(row["kind"]),
            Audience.DEPARTMENT if to_mailbox else audience,
            department,
        )

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
