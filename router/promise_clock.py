"""The clock: what the passing of time makes of promises.

Due work stands in PostgreSQL, never in a timer. Any number of processes take
it, each other rows (SKIP LOCKED); there is no leader. A clock that stood still
catches up in the order in which things were due, alarms once for each promise,
lists what would be too many mails, and calls nobody by itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import structlog

from router.alarms import AlarmList, AlarmMail, Mailbag, alarm_address
from router.decent import leaves_at
from router.escalation import Alarm
from router.ledger import to_json
from router.letters import notice_follows, promise_notices
from router.promise_life import LookUp, Standing, Step, Tell, Tick, next_look, step
from router.promise_steps import LOOK_UP, Q, ground_of, standing_of, telling
from router.rows import PromiseRow, promise_row
from router.steps import Steps

if TYPE_CHECKING:
    from router.config import Municipality
    from router.ledger import Connection, Record

log = structlog.get_logger(__name__)

AT_ONCE: Final = 500
"""Promises looked at in one transaction."""
LONGEST_NAP: Final = 1.0
"""Seconds; a promise that is made meanwhile and due at once waits no longer than this."""
SHORTEST_NAP: Final = 0.05
"""Seconds; what is due and held by somebody else is looked at again after this."""
PUT_OFF: Final = timedelta(minutes=1)
"""A promise that cannot be looked at, by a fault of ours, keeps no other waiting."""


class PromiseClock(Steps):
    """Looks at every promise whose time has come."""

    _mailbag: Mailbag | None = None

    async def fire_due(self) -> int:
        """Look at what is due now, at most 500; answers how many there were."""
        now = self._clock.now()
        municipality = self._municipality()
        async with self._ledger.transaction() as connection:
            rows = await connection.fetch(Q["due_to_fire"], now, AT_ONCE)
            turn = _Turn(municipality, now)
            for row in rows:
                turn.look(row)
            lists = turn.sort_alarms(self._mailbag_for(municipality))
            if rows:
                await connection.execute(Q["fire"], now, *turn.arguments())
            for alarms in lists:
                await _list_alarms(connection, alarms, now)
            await promise_notices(connection, turn.missed, municipality, now)
        self._live.publish(turn.changed)
        if turn.effects:
            self._outbox.wake()
        return len(rows)

    def _mailbag_for(self, municipality: Municipality) -> Mailbag:
        most = municipality.policies.most_alarm_mails
        if self._mailbag is None or self._mailbag.most != most:
            self._mailbag = Mailbag(most)
        return self._mailbag

    async def next_fire(self) -> datetime | None:
        """When there is something to do next; None when nothing is promised."""
        at: datetime | None = await self._ledger.fetchval(Q["next_fire"])
        return at

    async def nap(self) -> None:
        """Rest until the next promise must be looked at, at most a second."""
        at = await self.next_fire()
        seconds = LONGEST_NAP if at is None else (at - self._clock.now()).total_seconds()
        await asyncio.sleep(max(SHORTEST_NAP, min(LONGEST_NAP, seconds)))


@dataclass(slots=True)
class _Turn:
    """What one look makes of the promises that were due."""

    municipality: Municipality
    now: datetime
    promises: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    effects: list[dict[str, Any]] = field(default_factory=list)
    missed: list[PromiseRow] = field(default_factory=list)
    """Promises whose deadline of the law has passed: the citizen is to have a notice."""
    changed: list[str] = field(default_factory=list)
    """References of contacts that a screen would show differently."""
    alarms: list[AlarmMail] = field(default_factory=list)

    def look(self, row: Record) -> None:
        try:
            promise = promise_row(row)
            was, ground = standing_of(promise), ground_of(promise, self.municipality)
            done = step(was, Tick(), ground, self.now)
            look_at = next_look(done.standing, ground)
        except Exception:
            log.exception("promise_put_off", promise_id=row["id"])
            self._put_off(row)
            return
        after = done.standing
        self.promises.append(
            {
                "id": promise.id,
                "state": after.state,
                "retry_at": after.retry_at,
                "attempts": after.attempts,
                "late_at": after.late_at,
                "level": after.level,
                "alarmed_at": after.alarmed_at,
                "lease_until": after.lease_until,
                "back_to": after.back_to,
                "fire_at": look_at,
                "result": done.result,
                "changes": int(after != was),
            }
        )
        if after != was:
            self.changed.append(row["reference"])
        if done.result is not None:
            data = {"promise": promise.id, "result": done.result, "retry_at": after.retry_at}
            self._event(promise.contact_id, "attempt", data)
        self._mark_late(row, promise, was, after)
        self._follow(row, promise, done)

    def _put_off(self, row: Record) -> None:
        """The row as it is, looked at again a little later."""
        columns = ("id", "state", "retry_at", "attempts", "late_at", "level", "alarmed_at")
        kept = {name: row[name] for name in (*columns, "back_to")}
        look_at = self.now + PUT_OFF
        lease = row["lease_until"]
        kept["lease_until"] = None if lease is None else max(lease, look_at)
        self.promises.append(kept | {"fire_at": look_at, "result": None, "changes": 0})

    def _mark_late(self, row: Record, promise: PromiseRow, was: Standing, after: Standing) -> None:
        if after.late_at is not None and was.late_at is None:
            data = {"promise": promise.id, "due_at": promise.due_at}
            self._event(promise.contact_id, "late", data)
            if notice_follows(promise, row["flags"]):
                self.missed.append(promise)

    def _follow(self, row: Record, promise: PromiseRow, done: Step) -> None:
        for effect in done.effects:
            if isinstance(effect, Tell):
                told = telling(row, promise, effect.template, effect.data, effect.by_phone)
                if told is not None:
                    self._effect(promise.contact_id, *told)
            elif isinstance(effect, LookUp):
                payload = {"promise_id": promise.id, "attempt": effect.attempt}
                self._effect(promise.contact_id, LOOK_UP, payload)
            elif isinstance(effect, Alarm):
                self._alarm(row, promise, effect)

    def _alarm(self, row: Record, promise: PromiseRow, alarm: Alarm) -> None:
        late = promise.due_at <= self.now
        data = {"promise": promise.id, "percent": alarm.percent, "to": list(alarm.audiences)}
        self._event(promise.contact_id, "escalated", data)
        marks = ground_of(promise, self.municipality).policy.escalation.marks
        last = alarm.level == len(marks) - 1
        if last and not late and notice_follows(promise, row["flags"]):
            # The last warning. Whoever owns it decides: keep it, or send the notice in time.
            self._event(promise.contact_id, "notice_proposed", {"promise": promise.id})
        # Who is told as two, as owner and as leader, is told once.
        told: dict[str, AlarmMail] = {}
        for audience in alarm.audiences:
            to = alarm_address(self.municipality, audience, promise.department, promise.caseworker)
            told.setdefault(
                to,
                AlarmMail(
                    to,
                    promise.id,
                    promise.contact_id,
                    promise.department,
                    "late" if late else "warning",
                    audience,
                ),
            )
        self.alarms.extend(told.values())

    def sort_alarms(self, mailbag: Mailbag) -> list[AlarmList]:
        """Write the alarms that are told singly; answers the lists of the others."""
        single, lists = mailbag.sort(self.alarms, self.now)
        for mail in single:
            payload = {
                "department": mail.department,
                "template": mail.template,
                "promise_id": mail.promise_id,
                "audience": mail.audience,
            }
            self._effect(mail.contact_id, "mail.alert", payload)
        return lists

    def _event(self, contact_id: int, kind: str, data: dict[str, Any]) -> None:
        self.events.append({"contact_id": contact_id, "kind": kind, "data": data})

    def _effect(self, contact_id: int, kind: str, payload: dict[str, Any]) -> None:
        at = leaves_at(kind, payload, self.now, self.municipality.zone)
        self.effects.append(
            {"contact_id": contact_id, "kind": kind, "payload": payload, "leaves_at": at}
        )

    def arguments(self) -> tuple[str, str, str]:
        return to_json(self.promises), to_json(self.events), to_json(self.effects)


async def _list_alarms(connection: Connection, alarms: AlarmList, now: datetime) -> None:
    """Add to the list of this address and minute, which every process shares."""
    payload = {"list": alarms.key, "to": alarms.to, "promises": alarms.promises}
    write = Q["list_alarms"]
    kept = await connection.fetchval(write, alarms.contact_id, payload, alarms.send_at, now)
    if kept is None:
        # That list has left already: this is another one.
        payload["list"] = f"{alarms.key} {uuid4()}"
        await connection.fetchval(write, alarms.contact_id, payload, now, now)
