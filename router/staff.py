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
        left_behind = await connection.fetch(H["left_behind"])
        for contact in left_behind:
            await bring_home(connection, contact, municipality, now)
    if left_behind:
        log.warning("contacts_left_behind_moved", contacts=len(left_behind))


async def bring_home(
    connection: Connection, contact: Record, municipality: Municipality, now: datetime
) -> bool:
    """Give a contact (its row is held) whose owner has left to who is there.

    Its department if there still is one, else the default one. False if nothing
    had to be changed.
    """
    home, caseworker = contact["department"], contact["caseworker"]
    if home not in municipality.departments:
        home, caseworker = municipality.default_department, None
    elif caseworker not in municipality.caseworkers:
        caseworker = None
    if (home, caseworker) == (contact["department"], contact["caseworker"]):
        return False
    await connection.execute(C["take"], contact["id"], home, caseworker, now)
    await connection.execute(C["take_promises"], contact["id"], home, caseworker)
    await connection.execute(
        H["add_event"], contact["id"], now, "routed", "house", "", {"to": home}
    )
    return True
