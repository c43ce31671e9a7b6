"""Departments (afdelinger) and caseworkers (sagsbehandlere), mirrored from the configuration.

The ledger's foreign keys make sure that every owner exists. Who is taken out of
the configuration becomes inactive; what they still owned goes to the default
department at once, so that nothing is owned by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from router.ledger import QUERIES_FOLDER, load_queries

if TYPE_CHECKING:
    from router.clock import Clock
    from router.config import Municipality
    from router.ledger import Ledger

log = structlog.get_logger(__name__)

H: Final = load_queries(QUERIES_FOLDER / "house.sql")
C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")


async def mirror(ledger: Ledger, municipality: Municipality, clock: Clock) -> None:
    """Bring the ledger's departments and caseworkers in line with the configuration."""
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
        left_behind = await connection.fetch(H["left_behind"])
        for row in left_behind:
            home = municipality.default_department
            await connection.execute(C["take"], row["id"], home, None, now)
            await connection.execute(C["take_promises"], row["id"], home, None)
            await connection.execute(
                H["add_event"], row["id"], now, "routed", "house", "", {"to": home}
            )
    if left_behind:
        log.warning("contacts_left_behind_moved", contacts=len(left_behind))
