"""The database itself refuses what must never be; the audit would notice if it did not."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from router.errors import ConfigError
from router.house import House
from router.ledger import Ledger, migrate
from router.ledger.audit import INVARIANTS, audit
from router.model import Arrival, CallbackWish, Channel, Receipt


@pytest.fixture
async def receipt(house: House) -> Receipt:
    return await house.reception.receive(
        Arrival(
            channel=Channel.WEB,
            dedupe_key="k",
            received_at=house.clock.now(),
            text="Vores skraldespand er ikke tømt.",
            callback=CallbackWish("+4520304050"),
        )
    )


FORBIDDEN = {
    "an open contact without a due time": "UPDATE contacts SET next_due_at = NULL",
    "a contact without a department": "UPDATE contacts SET department = NULL",
    "an owner who does not exist": "UPDATE contacts SET department = 'nowhere'",
    "a caseworker who does not exist": "UPDATE contacts SET caseworker = 'nobody'",
    "closing without an outcome": "UPDATE contacts SET state = 'closed', closed_at = now()",
    "an outcome while open": "UPDATE contacts SET outcome = 'solved'",
    "closing with an open promise": (
        "UPDATE contacts SET state = 'closed', outcome = 'solved', closed_at = now(),"
        " next_due_at = NULL"
    ),
    "a promise that ends without an end": "UPDATE promises SET ended_at = now()",
    "an end without a time": "UPDATE promises SET state = 'kept', fire_at = NULL",
    "an open promise that no clock looks at": "UPDATE promises SET fire_at = NULL",
    "a promise replaced by nothing": (
        "UPDATE promises SET state = 'replaced', ended_at = now(), fire_at = NULL"
    ),
    "a window that ends before it starts": "UPDATE promises SET not_before = due_at",
    "a promise beyond a deadline of the law": (
        "UPDATE promises SET statutory_due_at = due_at - interval '1 day'"
    ),
    "a reservation without an end": "UPDATE promises SET state = 'reserved'",
    "a lease without a call": "UPDATE promises SET lease_until = fire_at",
    "a lease whose end no clock looks at": (
        "UPDATE promises SET state = 'dialling', lease_until = fire_at - interval '1 minute'"
    ),
    "an answer that joins a callback": "UPDATE promises SET kind = 'answer', joins = id",
    "a part of another contact": (
        "INSERT INTO parts (contact_id, title, department, made_at) SELECT id, 'Pas', department,"
        " now() FROM contacts; UPDATE promises SET part_id = 999999"
    ),
    "a part that ends without an end": (
        "INSERT INTO parts (contact_id, title, department, made_at, ended_at)"
        " SELECT id, 'Pas', department, now(), now() FROM contacts"
    ),
    "rewriting the timeline": "UPDATE timeline SET body = 'never said'",
    "deleting from the timeline": "DELETE FROM timeline",
    "emptying the timeline": "TRUNCATE timeline",
    "rewriting a decision": "UPDATE decisions SET rule_id = 'other'",
    "emptying the decisions": "TRUNCATE decisions",
    "deleting a contact": "DELETE FROM contacts",
    "deleting an arrival": "DELETE FROM arrivals",
    "deleting a promise": "DELETE FROM promises",
    "deleting an effect": "DELETE FROM effects",
    "emptying the arrivals": "TRUNCATE arrivals",
    "emptying the promises": "TRUNCATE promises CASCADE",
    "emptying the effects": "TRUNCATE effects",
    "emptying the contacts": "TRUNCATE contacts CASCADE",
    "one arrival for two contacts": (
        "INSERT INTO arrivals SELECT channel, dedupe_key, contact_id, false, '', received_at"
        " FROM arrivals"
    ),
    "an arrival for no contact": (
        "INSERT INTO arrivals VALUES ('web', 'other', 999999, true, '', now())"
    ),
    "a failed effect that nobody owns": (
        "INSERT INTO effects (kind, contact_id, payload, state, next_try_at, created_at, ended_at)"
        " SELECT 'mail.tell', id, '{}', 'failed', now(), now(), now() FROM contacts"
    ),
    "half an offer": "UPDATE contacts SET offered_department = 'vej'",
    "a reference that is none": "UPDATE contacts SET reference = '12345678'",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_it_cannot_be_committed(house: House, receipt: Receipt, statement: str) -> None:
    before = await house.contacts.view(receipt.reference)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await house.ledger.execute(statement)
    assert await house.contacts.view(receipt.reference) == before


async def test_a_promise_cannot_be_made_on_a_closed_contact(house: House, receipt: Receipt) -> None:
    async with house.ledger.transaction() as connection:
        await connection.execute(
            "UPDATE promises SET state = 'withdrawn', ended_at = now(), fire_at = NULL"
        )
        await connection.execute(
            "UPDATE contacts SET state = 'closed', outcome = 'withdrawn', closed_at = now(),"
            " next_due_at = NULL"
        )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await house.ledger.execute(
            "INSERT INTO promises (contact_id, kind, state, department, due_at, fire_at, made_at)"
            " SELECT id, 'answer', 'waiting', department, now(), now(), now() FROM contacts"
        )


# What would break each invariant if the constraints were gone.
BREAKING = {
    "1 open contact is owned and due": "UPDATE contacts SET next_due_at = NULL",
    "1 due when the first promise is": (
        "UPDATE contacts SET next_due_at = next_due_at + interval '1 day'"
    ),
    "2 one arrival one contact": "DELETE FROM arrivals",
    "2 every arrival is on the timeline": "DELETE FROM timeline",
    "3 closed with outcome and no open promise": (
        "UPDATE contacts SET state = 'closed', outcome = 'solved', closed_at = now()"
    ),
    "4 promise ends in an end": "UPDATE promises SET ended_at = now()",
    "3 ended part owes nothing": (
        "WITH t AS (INSERT INTO parts (contact_id, title, department, state, made_at, ended_at)"
        " SELECT id, 'Pas', department, 'solved', now(), now() FROM contacts RETURNING id)"
        " UPDATE promises SET part_id = t.id FROM t"
    ),
    "4 passing state ends": "UPDATE promises SET state = 'reserved'",
    "4 law comes first": "UPDATE promises SET statutory_due_at = due_at - interval '1 day'",
    "4 one open callback a number": (
        "DROP INDEX promises_one_callback; ALTER TABLE promises DISABLE TRIGGER promises_join_new;"
        " INSERT INTO promises (contact_id, kind, state, department, phone, due_at, fire_at,"
        " made_at) SELECT contact_id, kind, state, department, phone, due_at, fire_at, made_at"
        " FROM promises"
    ),
    "4 joined callback has its main one": "UPDATE promises SET joins = id",
    "4 escalation is looked at": "UPDATE promises SET fire_at = fire_at - interval '30 days'",
    "4 meeting is a promise": (
        "INSERT INTO meetings (contact_id, subject, way, place, starts_at, ends_at, made_at,"
        " meeting_promise, agenda_promise) SELECT contact_id, 'Byggesag', 'phone', phone, due_at,"
        " due_at + interval '1 hour', made_at, id, id FROM promises"
    ),
    "4 missed deadline has a notice": (
        "UPDATE promises SET late_at = now(), statutory_due_at = due_at"
    ),
    "5 part is owned and promised": (
        "INSERT INTO parts (contact_id, title, department, made_at)"
        " SELECT id, 'Pas', department, now() FROM contacts"
    ),
    "4 late promise was alarmed": "UPDATE promises SET due_at = due_at - interval '30 days'",
    "5 owner accepted": "UPDATE contacts SET caseworker = 'somebody'",
    "5 lapsed offer came back": (
        "UPDATE contacts SET offered_department = 'vej', offered_by = 'house',"
        " offered_until = created_at - interval '2 hours'"
    ),
    "6 timeline cannot be rewritten": "ALTER TABLE timeline DISABLE TRIGGER timeline_append_only",
    "7 effect sent or owned": "UPDATE effects SET next_try_at = next_try_at - interval '1 day'",
}


def test_every_invariant_is_broken_once_below() -> None:
    assert {name.replace("_", " ") for name in INVARIANTS} == set(BREAKING)


async def test_a_clean_house_has_no_findings(house: House, receipt: Receipt) -> None:
    assert await audit(house.ledger, house.clock.now()) == []


@pytest.mark.parametrize(("invariant", "statement"), BREAKING.items(), ids=BREAKING.keys())
async def test_the_audit_finds_it(
    house: House, receipt: Receipt, invariant: str, statement: str
) -> None:
    async with house.ledger.connection() as connection:
        for table in ("contacts", "promises", "arrivals", "timeline", "effects"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            for row in await connection.fetch(
                "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass"
                " AND contype IN ('c', 'f')",
                table,
            ):
                await connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{row[0]}"')
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        triggers = ("contacts_stay", "arrivals_stay", "timeline_append_only")
        for trigger in triggers:
            table = trigger.split("_")[0]
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        await connection.execute(statement)
        if "DISABLE" not in statement:
            for trigger in triggers:
                table = trigger.split("_")[0]
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    found = {f.invariant: f for f in await audit(house.ledger, house.clock.now())}
    assert invariant in found
    if not invariant.startswith("6"):
        assert found[invariant].references == (receipt.reference,)


async def test_a_second_start_migrates_nothing(house: House) -> None:
    assert await house.ledger.migrate() == []
    assert await house.ledger.pending_migrations() == []


async def test_two_processes_migrate_once(empty_database_url: str) -> None:
    first = await Ledger.open(empty_database_url)
    second = await Ledger.open(empty_database_url)
    try:
        assert await first.pending_migrations() == [file.stem for file in migrate.files()]
        done = await asyncio.gather(first.migrate(), second.migrate())
        assert sorted(map(len, done)) == [0, len(migrate.files())]
    finally:
        await first.close()
        await second.close()


async def test_a_rewritten_migration_is_refused(house: House) -> None:
    await house.ledger.execute("UPDATE schema_migrations SET sha256 = 'other'")
    with pytest.raises(ConfigError, match="0001_house"):
        await house.ledger.migrate()
