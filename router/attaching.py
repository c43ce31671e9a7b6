"""What happens when something arrives for a contact that is already there.

A message on the status page, an answer by mail, the next step of a phone call:
all are written to the timeline; some move the callback's window, ask the rules
again, or reopen a closed contact. One transaction, the contact's row held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.config_promises import DELIVERY_FAILURE
from router.decent import TEXT_MESSAGE, leaves_at
from router.errors import KeyReused, NotFound
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import Arrival, CallbackWish, Channel, Group, PromiseKind, PromiseState
from router.opening import facts_of, offer_of, receipt_payload
from router.past import histories
from router.pledging import (
    WAITS_FOR_NOTHING,
    Pledge,
    duties_of,
    pledge_for,
    timed_pledge,
    timed_wish,
)
from router.promise_life import Moved, step
from router.promise_steps import Q as P
from router.promise_steps import change_of, ground_of, standing_of
from router.promise_terms import Terms, no_later
from router.rows import PromiseRow, promise_row
from router.staff import bring_home

if TYPE_CHECKING:
    from router.config import Municipality
    from router.duty import Duty
    from router.ledger import Connection, Record
    from router.slots import Slots

Q: Final = load_queries(QUERIES_FOLDER / "reception.sql")
H: Final = load_queries(QUERIES_FOLDER / "house.sql")

BY_NUMBER: Final = "caller"
"""How a caller has proved that a contact is theirs: by the number that they call from."""


async def attach(
    connection: Connection,
    arrival: Arrival,
    municipality: Municipality,
    slots: Slots,
    duty: Duty,
    now: datetime,
) -> tuple[int, bool]:
    """Attach `arrival` to the contact that it names; answers (contact id, known before).

    Raises NotFound if there is no such contact, KeyReused if the key came with
    another content or belongs to another contact.
    """
    contact = await connection.fetchrow(Q["lock_by_reference"], arrival.reference)
    if contact is None:
        raise NotFound("no_such_contact", "There is no contact with this reference.")
    claimed = await connection.fetchval(
        Q["claim_attached"],
        arrival.channel,
        arrival.dedupe_key,
        contact["id"],
        arrival.fingerprint,
        arrival.received_at,
    )
    if claimed is None:
        known = await connection.fetchrow(Q["known_arrival"], arrival.channel, arrival.dedupe_key)
        if (
            known is None
            or known["contact_id"] != contact["id"]
            or known["fingerprint"] != arrival.fingerprint
        ):
            raise KeyReused("key_reused", "This key was used for another content.")
        return contact["id"], True
    if await bring_home(connection, contact, municipality, now):
        # Whoever had it has left: since it was closed, or in another process a moment ago.
        contact = await connection.fetchrow(Q["lock_by_reference"], arrival.reference)
    await _Attachment(connection, contact, arrival, municipality, slots, duty, now).write()
    return contact["id"], False


@dataclass(frozen=True, slots=True)
class _Attachment:
    connection: Connection
    contact: Record
    arrival: Arrival
    municipality: Municipality
    slots: Slots
    duty: Duty
    now: datetime

    async def write(self) -> None:
        contact_id, arrival = self.contact["id"], self.arrival
        flags = set(arrival.flags)
        await self._event(arrival.received_at, arrival.kind, "citizen", arrival.text, arrival.data)
        if self.contact["state"] == "closed":
            if not arrival.reopens:
                await self._keep_files()
                return
            await self._reopen()
        department = self.contact["department"]
        if arrival.reroute and self.contact["caseworker"] is None:
            department = await self._reroute(flags)
        heard = frozenset(flags) | frozenset(self.contact["flags"])
        await self._promise(department, heard)
        if arrival.reroute:
            await self._duties(department, heard)
        await self._keep_files()
        if arrival.mail_id is not None:
            await self._effect(
                "mail.forward", {"mail_id": arrival.mail_id, "department": department}
            )
        await self.connection.execute(
            Q["touch_contact"],
            contact_id,
            arrival.name,
            arrival.phone,
            arrival.email,
            arrival.subject,
            arrival.language if arrival.reroute else self.contact["language"],
            sorted(flags),
            self.now,
        )
        await self.connection.execute(H["refresh_due"], contact_id)

    async def _reopen(self) -> None:
        pledge = self._pledge(self.contact["department"], frozenset())
        await self.connection.execute(Q["reopen_contact"], self.contact["id"], pledge.due_at)
        await self._event(self.now, "reopened", "house", "", {})

    async def _reroute(self, flags: set[str]) -> str:
        """Ask the rules again with everything said so far; answers the department."""
        said = await self.connection.fetch(Q["said_so_far"], self.contact["id"])
        party = self.contact["party_id"]
        past = await histories(self.connection, [party], self.contact["id"]) if party else {}
        facts = facts_of(
            self.arrival,
            self.municipality,
            self.now,
            known_party=party is not None,
            text="\n".join(row["body"] for row in said),
            history=past.get(party),
        )
        staffing = await self.duty.staffing(self.connection, self.now)
        decision = self.municipality.rules.decide(facts, staffing)
        offer = offer_of(decision, self.municipality, self.now)
        flags.update(decision.flags)
        contact_id = self.contact["id"]
        await self.connection.execute(
            Q["add_decision"],
            contact_id,
            self.now,
            decision.table_version,
            decision.rule_id,
            decision.department,
            decision.caseworker,
            decision.confidence,
            decision.explanation,
        )
        await self.connection.execute(
            Q["reroute_contact"],
            contact_id,
            decision.department,
            decision.rule_id,
            decision.priority,
            self.arrival.group or decision.group or Group(self.contact["sender_group"]),
            offer.caseworker if offer is not None else None,
            offer.until if offer is not None else None,
            offer.plan if offer is not None else None,
        )
        self.duty.given(decision.department, decision.caseworker, self.now)
        await self.connection.execute(Q["reroute_promises"], contact_id, decision.department)
        if decision.department != self.contact["department"]:
            await self._event(
                self.now,
                "routed",
                "house",
                "",
                {"to": decision.department, "rule": decision.rule_id},
            )
        routed_to: str = decision.department
        return routed_to

    async def _promise(self, department: str, flags: frozenset[str]) -> None:
        """Every open contact has an open promise; a wish to be called moves or makes a callback.

        What turns out to be acute while the caller speaks is brought forward.
        """
        rows = await self.connection.fetch(H["open_promises"], self.contact["id"])
        standing = [promise_row(row) for row in rows]
        wish, hurries = self.arrival.callback, self.arrival.reroute and flags & WAITS_FOR_NOTHING
        if wish is None and standing and not hurries:
            return
        pledge = self._pledge(department, flags)
        timed = timed_wish(self.arrival, department, flags, self.municipality, self.now)
        if timed is not None:
            pledge = await self._timed(timed, standing, department, flags)
            if pledge.kind is not PromiseKind.CALLBACK and standing:
                # No time is free: what is promised already stays as it is.
                return
        same = self._meant(standing, pledge.kind, pledge.phone)
        if same is not None:
            pledge = self._agreed(same, pledge)
            if await self._was_told(same, pledge):
                return
            await self._move(same, pledge)
        elif wish is not None or not standing:
            pledge = await self._replace(standing, department, pledge)
        if wish is None or not self.arrival.may_acknowledge:
            # A caller who is still on the line has not settled it: told when they have.
            return
        await self._event(
            self.now,
            "promised",
            "house",
            "",
            {"kind": pledge.kind, "not_before": pledge.not_before, "due_at": pledge.due_at},
        )
        if self.arrival.channel is Channel.PHONE:
            language = self.contact["language"]
            await self._effect(
                TEXT_MESSAGE, receipt_payload(wish.phone, self.arrival, language, pledge)
            )

    def _meant(
        self, standing: list[PromiseRow], kind: PromiseKind, phone: str
    ) -> PromiseRow | None:
        """Which promise of the whole contact the arrival is about: the one to that number.

        Another one only where nobody else can be waiting for it: when it is the only one,
        and not for a caller who has proved nothing but the number that they call from.
        """
        same = [row for row in standing if row.kind is kind and row.part_id is None]
        theirs = [row for row in same if row.phone == phone]
        if theirs:
            return theirs[0]
        if self.arrival.callback is None:
            # What is acute is brought forward, whoever is called.
            return same[0] if same else None
        by_number = self.arrival.data.get("proof") == BY_NUMBER
        return same[0] if len(same) == 1 and not by_number else None

    def _agreed(self, before: PromiseRow, pledge: Pledge) -> Pledge:
        """What a promise becomes that is there already."""
        wish = self.arrival.callback
        if wish is not None and (wish.not_before is not None or wish.until is not None):
            return _within_law(pledge, before.statutory_due_at)
        # Asking again for "as soon as you can" never moves what was promised later.
        start = before.not_before
        later = replace(
            pledge,
            state=PromiseState.WAITING if start is None else PromiseState.SCHEDULED,
            phone=before.phone if wish is None else pledge.phone or before.phone,
            not_before=start,
            # A window that lies further ahead stays as it was agreed.
            due_at=before.due_at
            if start is not None and pledge.due_at <= start
            else min(before.due_at, pledge.due_at),
        )
        return _within_law(later, pledge.statutory_due_at)

    async def _move(self, before: PromiseRow, pledge: Pledge) -> None:
        """A call that is under way meanwhile goes on; what was tried stays counted."""
        if pledge.phone != before.phone:
            await self.connection.execute(P["renumber"], before.id, pledge.phone)
        event = Moved(pledge.not_before, pledge.due_at, pledge.statutory_due_at)
        ground = ground_of(before, self.municipality)
        done = step(standing_of(before), event, ground, self.now)
        await self.connection.execute(P["change"], *change_of(before, done, ground, self.now))

    async def _replace(self, standing: list[PromiseRow], department: str, pledge: Pledge) -> Pledge:
        """Make a new promise; what it stands for is owed no longer.

        It takes over the deadlines of the law, and answers what it has become by that.
        """
        replaced = []
        if pledge.kind is not PromiseKind.CALLBACK:
            # They cannot be called, as we hear now.
            replaced = [row for row in standing if row.kind is PromiseKind.CALLBACK]
        elif self.arrival.channel is Channel.PHONE:
            # The caller was owed an answer only until we knew a number to call.
            # An answer about something of its own stays, and so does one that has missed a
            # deadline of the law: no call can be promised for a time that has passed.
            replaced = [
                row
                for row in standing
                if row.kind is PromiseKind.ANSWER
                and not row.about
                and (row.statutory_due_at is None or row.statutory_due_at > self.now)
            ]
        replaced = [
            row for row in replaced if row.part_id is None and row.policy != DELIVERY_FAILURE
        ]
        laws = [pledge.statutory_due_at, *(row.statutory_due_at for row in replaced)]
        law = min((at for at in laws if at is not None), default=None)
        pledge = _within_law(replace(pledge, statutory_due_at=law), law)
        made = await self._make(department, pledge)
        for row in replaced:
            await self.connection.execute(
                H["end_promise"], row.id, PromiseState.REPLACED, self.now, made
            )
        return pledge

    async def _duties(self, department: str, flags: frozenset[str]) -> None:
        """What the law and our own goals ask for, once we have heard what it is about."""
        rows = await self.connection.fetch(Q["promised_kinds"], self.contact["id"])
        made = {row["kind"] for row in rows}
        arrival = replace(
            self.arrival,
            phone=self.arrival.phone or self.contact["phone"],
            email=self.arrival.email or self.contact["email"],
        )
        promised = PromiseKind.CALLBACK if PromiseKind.CALLBACK in made else PromiseKind.ANSWER
        duties = duties_of(arrival, department, flags, promised, self.municipality, self.now)
        for duty in duties:
            if duty.kind not in made:
                await self._make(department, duty)

    async def _timed(
        self,
        wish: CallbackWish,
        standing: list[PromiseRow],
        department: str,
        flags: frozenset[str],
    ) -> Pledge:
        moving = self._meant(standing, PromiseKind.CALLBACK, wish.phone)
        book = await self.slots.book(
            self.connection, department, self.now, None if moving is None else moving.id
        )
        return timed_pledge(
            self.arrival, wish, book, department, flags, self.municipality, self.now
        )

    async def _was_told(self, before: PromiseRow, pledge: Pledge) -> bool:
        """Whether the citizen has already heard exactly this promise."""
        if pledge.statutory_due_at is not None and before.statutory_due_at is None:
            return False  # a deadline of the law, which must be kept with it
        same = (before.phone, before.not_before, before.due_at) == (
            pledge.phone,
            pledge.not_before,
            pledge.due_at,
        )
        return same and await self.connection.fetchval(Q["was_promised"], self.contact["id"])

    async def _make(self, department: str, pledge: Pledge) -> int:
        made: int = await self.connection.fetchval(
            H["make_promise"],
            self.contact["id"],
            pledge.kind,
            pledge.state,
            department,
            self.contact["caseworker"],
            pledge.phone,
            pledge.not_before,
            pledge.due_at,
            self.now,
            pledge.policy,
            "",
            pledge.statutory_due_at,
            None,
        )
        return made

    def _pledge(self, department: str, flags: frozenset[str]) -> Pledge:
        return pledge_for(self.arrival, department, flags, self.municipality, self.now)

    async def _keep_files(self) -> None:
        for file in self.arrival.attachments:
            await self.connection.execute(
                Q["add_attachment"],
                self.contact["id"],
                self.arrival.received_at,
                file.filename,
                file.content_type,
                file.content,
            )

    async def _event(self, at: datetime, kind: str, actor: str, body: str, data: Any) -> None:
        await self.connection.execute(
            H["add_event"], self.contact["id"], at, kind, actor, body, data
        )

    async def _effect(self, kind: str, payload: dict[str, Any]) -> None:
        at = leaves_at(kind, payload, self.now, self.municipality.zone)
        await self.connection.fetchval(H["add_effect"], kind, self.contact["id"], payload, at)


def _within_law(pledge: Pledge, law: datetime | None) -> Pledge:
    """`pledge`, no later than a deadline of the law, whatever time was agreed or wished."""
    if law is None or pledge.due_at <= law:
        return pledge
    terms = no_later(Terms(pledge.not_before, pledge.due_at), law)
    state = PromiseState.WAITING if terms.not_before is None else PromiseState.SCHEDULED
    return replace(pledge, state=state, not_before=terms.not_before, due_at=terms.due_at)
