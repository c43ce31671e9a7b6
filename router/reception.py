"""The one door: `Arrival -> Receipt`, in one transaction.

A contact's way, top to bottom:

1. `receive`: what belongs to a contact that is there goes to `_attach`,
   everything else to `_open`, where the arrivals of the same few milliseconds
   are committed together.
2. The dedupe key is claimed. A key that is known answers its receipt again.
3. The rules are asked, an owner and a promise follow (`router.opening`, pure).
4. Contact, timeline, decision, promise and effects are written and committed.
5. Only then is the receipt answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.attaching import attach
from router.batching import Batcher
from router.duty import Duty
from router.errors import KeyReused
from router.ledger import QUERIES_FOLDER, load_queries, to_json
from router.model import Arrival, Channel, PromiseGiven, PromiseKind, Receipt
from router.numbers import Numbers
from router.opening import Opening, plan, settled, storable
from router.past import histories
from router.pledging import NO_CALLS
from router.reference import access_code, reference_for
from router.slots import Slots
from router.steps import Steps

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Connection
    from router.steps import Tools

Q: Final = load_queries(QUERIES_FOLDER / "reception.sql")


class Reception(Steps):
    """Takes what reaches us and answers who has it and what we promise."""

    def __init__(self, tools: Tools, secret: bytes, slots: Slots) -> None:
        super().__init__(tools)
        self._secret = secret
        self._slots = slots
        self._duty = Duty(tools.municipality)
        self._contact_numbers = Numbers(tools.ledger, Q["take_contact_numbers"])
        self._batcher: Batcher[Arrival, Receipt] = Batcher(self._open)

    async def receive(self, arrival: Arrival) -> Receipt:
        """Make a contact of `arrival`, or attach it to its contact, durably.

        The same dedupe key again changes nothing and answers the same receipt.
        Raises KeyReused if that key came with another content, NotFound if
        `arrival.reference` is unknown, LedgerAway if PostgreSQL is away.
        """
        arrival = storable(arrival)
        if not arrival.reference:
            return await self._batcher.submit(arrival)
        async with self._ledger.transaction() as connection:
            municipality, now = self._municipality(), self._clock.now()
            contact_id, repeated = await attach(
                connection, arrival, municipality, self._slots, self._duty, now
            )
            asked = "" if arrival.callback is None else arrival.callback.phone
            receipt = await self._receipt(
                connection, contact_id, asked, created=False, repeated=repeated
            )
        self._live.publish([receipt.reference])
        self._outbox.wake()
        return receipt

    async def _open(self, arrivals: Sequence[Arrival]) -> Sequence[Receipt | Exception]:
        """Make contacts of `arrivals` in one transaction; one answer for each, in order."""
        now = self._clock.now()
        numbers = await self._contact_numbers.take(len(arrivals))
        # The same key twice in one batch: the first makes the contact.
        firsts: dict[tuple[str, str], int] = {}
        for place, arrival in enumerate(arrivals):
            firsts.setdefault((arrival.channel, arrival.dedupe_key), place)
        async with self._ledger.transaction() as connection:
            claimed = await self._claim(connection, arrivals, firsts.values(), numbers)
            fresh = [place for place in firsts.values() if numbers[place] in claimed]
            parties, silent = await self._known_parties(connection, [arrivals[p] for p in fresh])
            past = await histories(connection, set(parties.values())) if parties else {}
            municipality = self._municipality()
            staffing = await self._duty.staffing(connection, now)
            batch = _Batch(self._secret, now)
            planned: list[tuple[int, int | None, Opening]] = []
            for place in fresh:
                arrival = arrivals[place]
                party = parties.get(("phone", arrival.phone)) or parties.get(
                    ("mail", arrival.email.lower())
                )
                opening = plan(
                    _as_known(arrival) if party in silent else arrival,
                    municipality,
                    now,
                    known_party=party is not None,
                    history=past.get(party) if party is not None else None,
                    staffing=staffing,
                )
                self._duty.given(opening.decision.department, opening.decision.caseworker, now)
                if party is None and (arrival.phone or arrival.email):
                    # A new party has the number of the contact that made it known.
                    party = numbers[place]
                    parties.update(batch.add_party(party, arrival))
                planned.append((place, party, opening))
            timed = await self._with_times(connection, planned, municipality, now)
            for place, party, opening in timed:
                batch.add(place, numbers[place], party, opening)
            if fresh:
                await connection.execute(Q["write_openings"], *batch.arguments())
                await self._keep_no_calls(connection, planned, silent)
            answers: list[Receipt | Exception] = [
                batch.receipts.get(place) or await self._known(connection, arrival)
                for place, arrival in enumerate(arrivals)
            ]
        self._live.publish(receipt.reference for receipt in batch.receipts.values())
        if batch.has_effects:
            self._outbox.wake()
        return answers

    async def _with_times(
        self,
        connection: Connection,
        planned: list[tuple[int, int | None, Opening]],
        municipality: Municipality,
        now: datetime,
    ) -> list[tuple[int, int | None, Opening]]:
        """Who wishes to be called at a time gets one that is free. Others cost nothing here."""
        wished = {o.decision.department for _, _, o in planned if o.wish is not None}
        if not wished:
            return planned
        books = await self._slots.books(connection, wished, now)
        return [
            (place, party, opening)
            if opening.wish is None
            else (
                place,
                party,
                settled(opening, books[opening.decision.department], municipality, now),
            )
            for place, party, opening in planned
        ]

    async def _claim(
        self,
        connection: Connection,
        arrivals: Sequence[Arrival],
        places: Iterable[int],
        numbers: Sequence[int],
    ) -> set[int]:
        keys = [
            (a.channel, a.dedupe_key, numbers[place], a.fingerprint, a.received_at)
            for place in places
            for a in (arrivals[place],)
        ]
        rows = await connection.fetch(Q["claim_arrivals"], *_columns(keys, 5))
        return {row["contact_id"] for row in rows}

    async def _known_parties(
        self, connection: Connection, arrivals: Sequence[Arrival]
    ) -> tuple[dict[tuple[str, str], int], set[int]]:
        """The parties behind the addresses of `arrivals`, and which of them cannot be called."""
        wanted = {key for arrival in arrivals for key in _addresses(arrival)}
        if not wanted:
            return {}, set()
        kinds, values = zip(*wanted, strict=True)
        rows = await connection.fetch(Q["known_addresses"], kinds, values)
        parties = {(row["kind"], row["value"]): row["party_id"] for row in rows}
        return parties, {row["party_id"] for row in rows if row["no_calls"]}

    async def _keep_no_calls(
        self,
        connection: Connection,
        planned: list[tuple[int, int | None, Opening]],
        silent: set[int],
    ) -> None:
        """Who cannot be called is remembered, until they ask for a call themselves."""
        said = [(party, opening.arrival) for _, party, opening in planned if party is not None]
        cannot = {party for party, arrival in said if NO_CALLS in arrival.flags} - silent
        can = {party for party, arrival in said if arrival.callback is not None} & silent
        if cannot or can:
            await connection.execute(Q["keep_no_calls"], list(cannot), list(can))

    async def _known(self, connection: Connection, arrival: Arrival) -> Receipt | Exception:
        """The answer to an arrival whose key was there before."""
        known = await connection.fetchrow(Q["known_arrival"], arrival.channel, arrival.dedupe_key)
        assert known is not None, "a key that could not be claimed is there"  # noqa: S101
        if known["fingerprint"] != arrival.fingerprint:
            return KeyReused("key_reused", "This key was used for another content.")
        return await self._receipt(
            connection, known["contact_id"], "", created=known["opening"], repeated=True
        )

    async def _receipt(
        self, connection: Connection, contact_id: int, asked: str, *, created: bool, repeated: bool
    ) -> Receipt:
        """`asked`: the number on which a call was just asked for, or ""."""
        row = await connection.fetchrow(Q["receipt_of"], contact_id, asked)
        assert row is not None, "an arrival's contact is there"  # noqa: S101
        promise = None
        if row["kind"] is not None:
            promise = PromiseGiven(
                PromiseKind(row["kind"]), row["not_before"], row["due_at"], row["phone"]
            )
        return Receipt(
            contact_id=row["id"],
            reference=row["reference"],
            access_code=access_code(self._secret, row["reference"]),
            department=row["department"],
            caseworker=row["caseworker"],
            promise=promise,
            created=created,
            repeated=repeated,
            language=row["language"],
        )


def _as_known(arrival: Arrival) -> Arrival:
    """What arrives from somebody who has said that they cannot be called.

    Whoever asks for a call has thought better of it; who calls us can be spoken with.
    """
    if arrival.callback is not None or arrival.channel is Channel.PHONE:
        return arrival
    return replace(arrival, flags=arrival.flags | {NO_CALLS})


def _addresses(arrival: Arrival) -> list[tuple[str, str]]:
    keys = []
    if arrival.phone:
        keys.append(("phone", arrival.phone))
    if arrival.email:
        keys.append(("mail", arrival.email.lower()))
    return keys


class _Batch:
    """The rows of one `write_openings`, and the receipts that they stand for."""

    def __init__(self, secret: bytes, now: datetime) -> None:
        self._secret = secret
        self._now = now
        self._opened: list[dict[str, Any]] = []
        self._addresses: list[dict[str, Any]] = []
        self._effects: list[dict[str, Any]] = []
        self._duties: list[dict[str, Any]] = []
        self._files: list[tuple[Any, ...]] = []
        self.receipts: dict[int, Receipt] = {}

    @property
    def has_effects(self) -> bool:
        return bool(self._effects)

    def add_party(self, party: int, arrival: Arrival) -> dict[tuple[str, str], int]:
        keys = _addresses(arrival)
        self._addresses.extend(
            {"kind": kind, "value": value, "party_id": party} for kind, value in keys
        )
        return dict.fromkeys(keys, party)

    def add(self, place: int, number: int, party: int | None, opening: Opening) -> None:
        arrival, decision, pledge = opening.arrival, opening.decision, opening.pledge
        offer = opening.offer
        reference = reference_for(number, self._secret)
        self._opened.append(
            {
                "id": number,
                "reference": reference,
                "channel": arrival.channel,
                "party_id": party,
                "name": arrival.name,
                "phone": arrival.phone,
                "email": arrival.email,
                "sender_group": opening.group,
                "language": opening.language,
                "subject": arrival.subject,
                "department": decision.department,
                "offered_department": offer.department if offer else None,
                "named": decision.caseworker,
                "offered_until": offer.until if offer else None,
                "plan": offer.plan if offer else None,
                "rule_id": decision.rule_id,
                "priority": decision.priority,
                "flags": " ".join(opening.flags),
                "received_at": arrival.received_at,
                "event": arrival.kind,
                "body": arrival.text,
                "data": arrival.data,
                "table_version": decision.table_version,
                "confidence": decision.confidence,
                "explanation": decision.explanation,
                "promise": pledge.kind,
                "promise_state": pledge.state,
                "promise_phone": pledge.phone,
                "not_before": pledge.not_before,
                "due_at": pledge.due_at,
                "next_due_at": min([pledge.due_at, *(duty.due_at for duty in opening.duties)]),
                "policy": pledge.policy,
                "fire_at": pledge.fire_at,
                "law": pledge.statutory_due_at,
            }
        )
        for duty in opening.duties:
            self._duties.append(
                {
                    "contact_id": number,
                    "kind": duty.kind,
                    "department": decision.department,
                    "phone": duty.phone,
                    "due_at": duty.due_at,
                    "fire_at": duty.fire_at,
                    "policy": duty.policy,
                    "law": duty.statutory_due_at,
                }
            )
        for errand in opening.errands:
            self._effects.append(
                {
                    "kind": errand.kind,
                    "contact_id": number,
                    "payload": errand.payload,
                    "leaves_at": errand.leaves_at,
                }
            )
        for file in arrival.attachments:
            self._files.append(
                (number, arrival.received_at, file.filename, file.content_type, file.content)
            )
        self.receipts[place] = Receipt(
            contact_id=number,
            reference=reference,
            access_code=access_code(self._secret, reference),
            department=decision.department,
            caseworker=None,
            promise=pledge.given(),
            created=True,
            repeated=False,
            language=opening.language,
        )

    def arguments(self) -> list[Any]:
        return [
            self._now,
            to_json(self._opened),
            to_json(self._addresses),
            to_json(self._effects),
            *_columns(self._files, 5),
            to_json(self._duties),
        ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    """Rows turned into one list a column, as `unnest` takes them."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
