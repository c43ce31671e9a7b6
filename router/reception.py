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

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from router.attaching import attach
from router.batching import Batcher
from router.duty import Duty
from router.errors import KeyReused
from router.ledger import QUERIES_FOLDER, load_queries, to_json
from router.model import Arrival, PromiseGiven, PromiseKind, Receipt
from router.numbers import Numbers
from router.opening import Opening, plan, storable
from router.past import histories
from router.reference import access_code, reference_for

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger
    from router.live import Live
    from router.outbox import Outbox

Q: Final = load_queries(QUERIES_FOLDER / "reception.sql")


class Reception:
    """Takes what reaches us and answers who has it and what we promise."""

    def __init__(
        self,
        ledger: Ledger,
        municipality: Callable[[], Municipality],
        clock: Clock,
        live: Live,
        outbox: Outbox,
        secret: bytes,
    ) -> None:
        self._ledger = ledger
        self._municipality = municipality
        self._clock = clock
        self._live = live
        self._outbox = outbox
        self._secret = secret
        self._duty = Duty(municipality)
        self._contact_numbers = Numbers(ledger, Q["take_contact_numbers"])
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
            contact_id, repeated = await attach(
                connection, arrival, self._municipality(), self._duty, self._clock.now()
            )
            receipt = await self._receipt(connection, contact_id, created=False, repeated=repeated)
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
            parties = await self._known_parties(connection, [arrivals[p] for p in fresh])
            past = await histories(connection, set(parties.values())) if parties else {}
            municipality = self._municipality()
            staffing = await self._duty.staffing(connection, now)
            batch = _Batch(self._secret, now)
            for place in fresh:
                arrival = arrivals[place]
                party = parties.get(("phone", arrival.phone)) or parties.get(
                    ("mail", arrival.email.lower())
                )
                opening = plan(
                    arrival,
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
                batch.add(place, numbers[place], party, opening)
            if fresh:
                await connection.execute(Q["write_openings"], *batch.arguments())
            answers: list[Receipt | Exception] = [
                batch.receipts.get(place) or await self._known(connection, arrival)
                for place, arrival in enumerate(arrivals)
            ]
        self._live.publish(receipt.reference for receipt in batch.receipts.values())
        if batch.has_effects:
            self._outbox.wake()
        return answers

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
    ) -> dict[tuple[str, str], int]:
        wanted = {key for arrival in arrivals for key in _addresses(arrival)}
        if not wanted:
            return {}
        kinds, values = zip(*wanted, strict=True)
        rows = await connection.fetch(Q["known_addresses"], kinds, values)
        return {(row["kind"], row["value"]): row["party_id"] for row in rows}

    async def _known(self, connection: Connection, arrival: Arrival) -> Receipt | Exception:
        """The answer to an arrival whose key was there before."""
        known = await connection.fetchrow(Q["known_arrival"], arrival.channel, arrival.dedupe_key)
        assert known is not None, "a key that could not be claimed is there"  # noqa: S101
        if known["fingerprint"] != arrival.fingerprint:
            return KeyReused("key_reused", "This key was used for another content.")
        return await self._receipt(
            connection, known["contact_id"], created=known["opening"], repeated=True
        )

    async def _receipt(
        self, connection: Connection, contact_id: int, *, created: bool, repeated: bool
    ) -> Receipt:
        row = await connection.fetchrow(Q["receipt_of"], contact_id)
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
            }
        )
        for errand in opening.errands:
            self._effects.append(
                {"kind": errand.kind, "contact_id": number, "payload": errand.payload}
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
        ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    """Rows turned into one list a column, as `unnest` takes them."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
