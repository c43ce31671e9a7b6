"""Where each call stands, in the ledger. Every change names the turn that it follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels.phone.flow import About, CallState, Proof, Step
from channels.phone.known_words import only_to
from channels.phone.script import Told
from router.ledger import load_queries
from router.model import PromiseGiven, PromiseKind, Receipt

if TYPE_CHECKING:
    from router.ledger import Ledger

Q: Final = load_queries(Path(__file__).parent / "queries.sql")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its contact, where it stands, and what was answered so far."""

    sid: str
    contact_id: int
    state: CallState
    told: Told
    answers: tuple[str, ...] = ()
    last_status: str = ""

    def as_own(self) -> Call:
        """The call back at the contact that it made itself, whatever it went on to."""
        if not self.state.about.own:
            return self
        own = Told(self.state.about.own, None)
        return replace(self, told=own, state=replace(self.state, about=About()))


def told_of(receipt: Receipt, state: CallState) -> Told:
    """What of a receipt is said in a call that has come to `state`."""
    promise = receipt.promise
    if promise is not None and state.about.fixed:
        promise = only_to(state.number, promise)
    return Told(receipt.reference, promise)


class Calls:
    """Reads and writes `calls`. Every method raises LedgerAway when PostgreSQL is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def find(self, sid: str) -> Call | None:
        """The call as it stands, or None if we never heard of it."""
        row = await self._ledger.fetchrow(Q["call"], sid)
        if row is None:
            return None
        return Call(
            sid=row["call_sid"],
            contact_id=row["contact_id"],
            state=CallState(
                step=Step(row["step"]),
                language=row["language"],
                number=row["number"],
                menu=row["menu"],
                department=row["department"],
                fails=row["fails"],
                about=_about(row["about"]),
            ),
            told=Told(row["reference"], _promise(row["promise"])),
            answers=tuple(row["answers"]),
            last_status=row["last_status"],
        )

    async def begin(self, call: Call, answer: str, now: datetime) -> bool:
        """Write the first answer; False if another webhook was first."""
        state = call.state
        row = await self._ledger.fetchval(
            Q["begin_call"],
            call.sid,
            call.contact_id,
            call.told.reference,
            state.step,
            state.language,
            state.number,
            state.menu,
            state.fails,
            state.department,
            _stored(call.told.promise),
            answer,
            now,
        )
        return row is not None

    async def proceed(self, call: Call, turn: int, answer: str, now: datetime) -> bool:
        """Write the answer to `turn` and the state after it; False if that turn is taken."""
        state = call.state
        row = await self._ledger.fetchval(
            Q["next_answer"],
            call.sid,
            turn,
            state.step,
            state.language,
            state.number,
            state.menu,
            state.fails,
            state.department,
            _stored(call.told.promise),
            answer,
            now,
            call.contact_id,
            call.told.reference,
            _stored_about(state.about),
        )
        return row is not None

    async def missed(self, call: Call, now: datetime) -> None:
        """Note a call that got no answer from here. Nothing if it is known."""
        await self._ledger.execute(
            Q["missed_call"],
            call.sid,
            call.contact_id,
            call.told.reference,
            call.state.step,
            call.state.number,
            call.state.department,
            _stored(call.told.promise),
            now,
        )

    async def status(self, sid: str, status: str, sequence: int, now: datetime) -> None:
        """Note what the provider says about the call, unless it has said something newer."""
        await self._ledger.execute(Q["call_status"], sid, status, sequence, now)


def _stored(promise: PromiseGiven | None) -> dict[str, Any] | None:
    if promise is None:
        return None
    return {
        "kind": promise.kind,
        "not_before": promise.not_before,
        "due_at": promise.due_at,
        "phone": promise.phone,
    }


def _stored_about(about: About) -> dict[str, Any]:
    if about == About():
        return {}
    return {
        "reference": about.reference,
        "proof": about.proof,
        "own": about.own,
        "call": about.call,
        "number": about.number,
        "slots": about.slots,
    }


def _about(stored: dict[str, Any]) -> About:
    if not stored:
        return About()
    slots = [tuple(map(datetime.fromisoformat, slot)) for slot in stored["slots"]]
    return About(
        reference=stored["reference"],
        proof=Proof(stored["proof"]),
        own=stored["own"],
        call=stored["call"],
        number=stored["number"],
        slots=tuple((start, end) for start, end in slots),
    )


def _promise(stored: dict[str, Any] | None) -> PromiseGiven | None:
    if stored is None:
        return None
    return promise_from(stored)


def promise_from(stored: dict[str, Any]) -> PromiseGiven:
    """A promise as it was written to JSON."""
    not_before = stored["not_before"]
    return PromiseGiven(
        kind=PromiseKind(stored["kind"]),
        not_before=datetime.fromisoformat(not_before) if not_before else None,
        due_at=datetime.fromisoformat(stored["due_at"]),
        phone=stored["phone"],
    )
