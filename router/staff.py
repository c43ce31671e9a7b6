"""Departments (afdelinger) and caseworkers (sagsbehandlere), mirrored from the configuration.

The ledger's foreign keys make sure that every owner exists. Who is taken out of
the configuration becomes inactive; what they still owned goes back to their
department, or to the default one, so that nothing is owned by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from router.ledger import QUERIES_FOLDER, load_queries

if TYPE_CHECKING:
    from datetime import datetime

    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Connection, Ledger, Record

log = structlog.get_logger(__name__)

H: Final = load_queries(QUERIES_FOLDER / "house.sql")
C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")
P: Final = load_queries(QUERIES_FOLDER / "parts.sql")


_MOVED_AT_ONCE: Final = 200
"""Contacts that are moved in one transaction: each of their calls takes two locks, and
PostgreSQL has room for some thousands altogether."""


async def mirror(ledger: Ledger, municipality: Municipality, clock: Clock) -> None:
    """Bring the ledger's departments and caseworkers in line with the configuration.

    The card of its rules is kept too, for explaining what they decide.
    """
    now = clock.now()
    async with ledger.transaction() as connection:
        for department in municipality.departments.values():
            await connection.execute(
                H["mirror_department"], department.id, department.name_in("da")
            )
        for person in municipality.caseworkers.values():
            await connection.execute(
                H["mirror_caseworker"], person.id, person.name, person.department
            )
        await connection.execute(H["retire_departments"], list(municipality.departments))
        await connection.execute(H["retire_caseworkers"], list(municipality.caseworkers))
        rules = municipality.rules
        await connection.execute(H["keep_rule_table"], rules.version, now, rules.card())
    left_behind = [row["id"] for row in await ledger.fetch(H["left_behind"])]
    for start in range(0, len(left_behind), _MOVED_AT_ONCE):
        async with ledger.transaction() as connection:
            some = left_behind[start : start + _MOVED_AT_ONCE]
            await _bring_some_home(connection, some, municipality, now)
    if left_behind:
        log.warning("contacts_left_behind_moved", contacts=len(left_behind))


async def _bring_some_home(
    connection: Connection, some: list[int], municipality: Municipality, now: datetime
) -> None:
    contacts = await connection.fetch(H["lock_left_behind"], some)
    parts = await connection.fetch(P["left_behind"], some)
    homes = [(contact["id"], _home(contact, municipality)) for contact in contacts]
    homes += [(part["contact_id"], _home(part, municipality)) for part in parts]
    # All at once and in their order, as arrivals take them: not contact by contact.
    ids, departments = [id_ for id_, _ in homes], [home for _, home in homes]
    await connection.execute(H["hold_calls_moved"], ids, departments)
    for contact in contacts:
        await bring_home(connection, contact, municipality, now)
    for part in parts:
        await _bring_part_home(connection, part, municipality, now)


def _home(owned: Record, municipality: Municipality) -> str:
    """The department of a contact or a part if there still is one, else the default one."""
    home: str = owned["department"]
    return home if home in municipality.departments else municipality.default_department


async def bring_home(
    connection: Connection, contact: Record, municipality: Municipality, now: datetime
) -> bool:
    """Give a contact (its row is held) whose owner has left to who is there.

    Its department if there still is one, else the default one. False if nothing
    had to be changed.
    """
    home, caseworker = _home(contact, municipality), contact["caseworker"]
    if home != contact["department"] or caseworker not in municipality.caseworkers:
        caseworker = None
    if (home, caseworker) == (contact["department"], contact["caseworker"]):
        return False
    await connection.execute(C["take"], contact["id"], home, caseworker, now)
    await connection.execute(C["take_promises"], contact["id"], home, caseworker)
    await connection.execute(
        H["add_event"], contact["id"], now, "routed", "house", "", {"to": home}
    )
    return True


async def _bring_part_home(
    connection: Connection, part: Record, municipality: Municipality, now: datetime
) -> None:
    """Give a part whose owner has left to its department, or to the default one."""
    home = _home(part, municipality)
    await connection.execute(P["take"], part["id"], home, None)
    await connection.execute(P["take_promises"], part["id"], home, None)
    data = {"part": part["id"], "to": home}
    await connection.execute(
        H["add_event"], part["contact_id"], now, "part_routed", "house", "", data
    )
