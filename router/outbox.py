"""The outbox: what must happen outside, exactly as durable as its cause.

An effect is written in the transaction that causes it and sent by a worker, at
least once. A channel registers itself here as the sender of its kind; that is
how the router reaches out without knowing anyone. A claim is a lease, so what a
killed worker held comes back by itself. An effect that fails for good gets a
promise: a person owns the failure. An alarm that fails is owned with what it was about.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from router.config_promises import DELIVERY_FAILURE
from router.errors import LedgerAway, NotYet, PermanentFailure, TemporaryFailure
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import Effect, PromiseKind, PromiseState
from router.staff import bring_home

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger, Record
    from router.live import Live

Sender = Callable[[Effect], Awaitable[None]]

log = structlog.get_logger(__name__)

Q: Final = load_queries(QUERIES_FOLDER / "outbox.sql")
H: Final = load_queries(QUERIES_FOLDER / "house.sql")

LEASE: Final = timedelta(seconds=60)
"""How long a worker may take over one effect before another tries it too."""

ALARMS: Final = frozenset({"mail.alert", "mail.alert_list"})
"""What tells staff, not a citizen."""

MOST_ATTEMPTS: Final = 12
"""With the back-off below: about 20 hours, long enough for a mail server's bad night."""

FAILURE_CODE_LENGTH: Final = 80
_FIRST_REST: Final = 5.0
_LONGEST_REST: Final = 4 * 3600.0
_CLAIMED_AT_ONCE: Final = 20
_IDLE_SECONDS: Final = 2.0


class Outbox:
    """Claims effects that are due and gives them to their senders."""

    def __init__(
        self,
        ledger: Ledger,
        municipality: Callable[[], Municipality],
        clock: Clock,
        live: Live,
    ) -> None:
        self._ledger = ledger
        self._municipality = municipality
        self._clock = clock
        self._live = live
        self._senders: dict[str, Sender] = {}
        self._woken = asyncio.Event()
        self.on_result: Callable[[str, str], None] = lambda kind, result: None
        """Told of each result (`sent`, `retry`, `failed`), for metrics."""

    def register(self, kind: str, sender: Sender) -> None:
        """`sender` takes effects of `kind`; raises TemporaryFailure or PermanentFailure."""
        if kind in self._senders:
            raise ValueError(f"two senders for {kind}")
        self._senders[kind] = sender

    def wake(self) -> None:
        """Something was written; look now instead of at the next turn."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled. Outages of PostgreSQL are waited out."""
        while True:
            self._woken.clear()
            try:
                busy = await self.send_due()
            except LedgerAway as error:
                log.warning("outbox_ledger_away", reason=str(error))
                busy = 0
            except Exception:
                log.exception("outbox_turn_failed")
                busy = 0
            if busy:
                continue
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def send_due(self) -> int:
        """Try every effect of one claim; answers how many there were."""
        rows = await self._ledger.fetch(Q["claim"], self._clock.now(), LEASE, _CLAIMED_AT_ONCE)
        effects = [Effect(**dict(row)) for row in rows]
        # One effect that we cannot settle must not keep its neighbours from it.
        results = await asyncio.gather(*map(self._send, effects), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(effects)

    async def _send(self, effect: Effect) -> None:
        sender = self._senders.get(effect.kind)
        try:
            if sender is None:
                raise TemporaryFailure("no_sender")
            async with asyncio.timeout(LEASE.total_seconds() * 0.8):
                await sender(effect)
        except PermanentFailure as error:
            await self._fail(effect, str(error))
        except NotYet as error:
            await self._ledger.execute(Q["not_yet"], effect.id, error.until)
        except LedgerAway:
            raise
        except TemporaryFailure as error:
            await self._rest_or_fail(effect, str(error))
        except TimeoutError:
            await self._rest_or_fail(effect, "timeout")
        except Exception as error:
            # Ours: logged with its trace, tried again, owned by a person at last.
            log.exception("effect_sender_failed", effect_id=effect.id, kind=effect.kind)
            await self._rest_or_fail(effect, f"internal_{type(error).__name__}")
        else:
            await self._ledger.execute(Q["sent"], effect.id, self._clock.now())
            self.on_result(effect.kind, "sent")
            log.info("effect_sent", effect_id=effect.id, kind=effect.kind)

    async def _rest_or_fail(self, effect: Effect, code: str) -> None:
        if effect.attempts >= MOST_ATTEMPTS:
            await self._fail(effect, code)
            return
        next_try = self._clock.now() + rest_after(effect.attempts)
        await self._ledger.execute(Q["retry"], effect.id, next_try, code[:FAILURE_CODE_LENGTH])
        self.on_result(effect.kind, "retry")
        log.warning(
            "effect_delayed",
            effect_id=effect.id,
            kind=effect.kind,
            attempts=effect.attempts,
            code=code[:FAILURE_CODE_LENGTH],
        )

    async def _fail(self, effect: Effect, code: str) -> None:
        """It will not leave by itself: a person owns it, with a due time, from now on."""
        now = self._clock.now()
        municipality = self._municipality()
        async with self._ledger.transaction() as connection:
            contact = await connection.fetchrow(Q["lock_contact"], effect.contact_id)
            if contact is None:
                raise LookupError("an effect's contact is there")
            promise = None
            if effect.kind in ALARMS:
                # An alarm is not worth alarms of its own: these would go to the same address.
                alarmed = alarmed_promises(effect.payload)
                promise = await connection.fetchval(Q["alarm_owner"], contact["id"], alarmed)
            if promise is None:
                if await bring_home(connection, contact, municipality, now):
                    contact = await connection.fetchrow(Q["lock_contact"], effect.contact_id)
                promise = await self._own(connection, contact, now)
                if effect.kind not in ALARMS:
                    payload = {
                        "department": contact["department"],
                        "template": "failed",
                        "promise_id": promise,
                    }
                    await connection.fetchval(
                        H["add_effect"], "mail.alert", contact["id"], payload, now
                    )
            await connection.fetchval(
                Q["failed"], effect.id, now, code[:FAILURE_CODE_LENGTH], promise
            )
            await connection.execute(
                H["add_event"],
                contact["id"],
                now,
                "delivery_failed",
                "house",
                "",
                {
                    "effect": effect.id,
                    "kind": effect.kind,
                    "code": code[:FAILURE_CODE_LENGTH],
                    "promise": promise,
                },
            )
            await connection.execute(H["refresh_due"], contact["id"])
        self._live.publish([contact["reference"]])
        self.on_result(effect.kind, "failed")
        log.error(
            "effect_failed", effect_id=effect.id, kind=effect.kind, code=code[:FAILURE_CODE_LENGTH]
        )

    async def _own(self, connection: Connection, contact: Record, now: datetime) -> int:
        """Promise that a person looks into what failed; a closed contact is opened for it."""
        municipality = self._municipality()
        policy = municipality.policies.by_id[DELIVERY_FAILURE]
        calendar = municipality.departments[contact["department"]].hours
        due_at = policy.due(municipality.hours, calendar, now)
        await connection.execute(Q["reopen"], contact["id"], due_at)
        made: int = await connection.fetchval(
            H["make_promise"],
            contact["id"],
            PromiseKind.ANSWER,
            PromiseState.WAITING,
            contact["department"],
            contact["caseworker"],
            "",
            None,
            due_at,
            now,
            policy.id,
            "",
            None,
            None,
        )
        return made


def alarmed_promises(payload: Mapping[str, Any]) -> list[int]:
    """The promises that an alarm, or a list of alarms, is about."""
    one = payload.get("promise_id")
    return [*payload.get("promises", ()), *(() if one is None else (one,))]


def rest_after(attempts: int) -> timedelta:
    """How long to rest after the n-th attempt: doubling, with jitter, at most four hours."""
    longest = min(_FIRST_REST * 4 ** (attempts - 1), _LONGEST_REST)
    return timedelta(seconds=longest * random.uniform(0.7, 1.0))  # noqa: S311
