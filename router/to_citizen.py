"""What staff tell and write to a citizen outside the life of one promise: a plan, a
meeting, a letter.

By mail where the citizen reached us by mail or web, else by text message, which
never says what it is about. What staff write in their own words stands on the
timeline; the mail that carries it names that event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from router.errors import Conflict, NotFound, SenderError
from router.ledger import QUERIES_FOLDER, load_queries
from router.model import Channel, PromiseKind, PromiseState, printable
from router.reference import is_reference
from router.rules.understanding import has_cpr

if TYPE_CHECKING:
    from datetime import datetime

    from router.config import Municipality
    from router.ledger import Connection, Record

C: Final = load_queries(QUERIES_FOLDER / "contacts.sql")
H: Final = load_queries(QUERIES_FOLDER / "house.sql")
L: Final = load_queries(QUERIES_FOLDER / "letters.sql")
P: Final = load_queries(QUERIES_FOLDER / "parts.sql")

NO_CALLS: Final = "no_calls"
DIGITALLY_EXEMPT: Final = "digitally_exempt"
"""Flag: answered by letter or phone."""
LONGEST_TITLE: Final = 200


async def open_contact(connection: Connection, reference: str) -> Record:
    """The contact with its row held. Raises NotFound, or Conflict `closed`."""
    contact = None
    if is_reference(reference):
        contact = await connection.fetchrow(C["lock"], reference)
    if contact is None:
        raise NotFound("no_such_contact", "There is no contact with this reference.")
    if not contact["is_open"]:
        raise Conflict("closed", "The contact is closed.")
    return contact


def mail_address(contact: Record) -> str:
    """Where the citizen is written to by mail; empty when a letter or a call is needed."""
    if contact["channel"] not in (Channel.MAIL, Channel.WEB):
        return ""
    if DIGITALLY_EXEMPT in contact["flags"]:
        return ""
    return str(contact["email"])


def way_to(contact: Record, phone: str) -> tuple[str, str] | None:
    """How a citizen is told something: the kind of effect and where to, or None.

    By mail where they are written to by mail, else by text message to `phone`.
    """
    if to := mail_address(contact):
        return "mail.tell", to
    return ("sms.tell", phone) if phone else None


def telling(
    contact: Record, template: str, data: dict[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """The effect that tells a citizen, or None when there is no way to."""
    way = way_to(contact, contact["phone"])
    if way is None:
        return None
    kind, to = way
    return kind, {"language": contact["language"], "template": template} | data | {"to": to}


def title_of(text: str, missing: str) -> str:
    """A title or subject that the citizen sees. Raises SenderError with code `missing`,
    `title_too_long` or `contains_cpr`."""
    text = " ".join(printable(text).split())
    if not text:
        raise SenderError(missing, "Write a few words.")
    if len(text) > LONGEST_TITLE:
        raise SenderError("title_too_long", f"At most {LONGEST_TITLE} characters.")
    return without_cpr(text)


def words_of(text: str) -> str:
    """What is sent in staff's own words. Raises SenderError `empty_words` or `contains_cpr`."""
    text = printable(text).strip()
    if not text:
        raise SenderError("empty_words", "Write what is to be sent.")
    return without_cpr(text)


def without_cpr(text: str) -> str:
    """`text`, which leaves by ordinary mail or stands in a list."""
    if has_cpr(text):
        raise SenderError("contains_cpr", "Leave out the CPR number: this is not safe for it.")
    return text


def reason_missing() -> SenderError:
    """What the law asks for is not dropped without a word why."""
    return SenderError("reason_missing", "The law asks for this: write why it is dropped.")


def must_be_callable(contact: Record) -> None:
    """Raises Conflict `no_calls` when the citizen has said that they cannot be called."""
    if NO_CALLS in contact["flags"]:
        raise Conflict("no_calls", "The citizen has said that they cannot be called: write.")


async def stay_due(
    connection: Connection,
    contact_id: int,
    municipality: Municipality,
    now: datetime,
    ended: int | None = None,
) -> None:
    """Where a contact or a part stays open with nothing promised, what is left is an answer.

    So it is where the promise `ended` was a call that the citizen did not want, unless
    another call or answer does for it. A notice that has nothing to tell any more ends
    before. The contact's row is held.
    """
    await connection.execute(L["settle_notices"], contact_id, now)
    if ended is not None:
        for owner in await connection.fetch(P["left_unanswered"], ended):
            await _promise_answer(connection, contact_id, owner, municipality, now)
    for owner in await connection.fetch(P["nothing_promised"], contact_id):
        await _promise_answer(connection, contact_id, owner, municipality, now)
    await connection.execute(H["refresh_due"], contact_id)


async def _promise_answer(
    connection: Connection,
    contact_id: int,
    owner: Record,
    municipality: Municipality,
    now: datetime,
) -> None:
    """In writing, by the policy, and no later than a deadline of the law that was there."""
    department = municipality.departments.get(owner["department"])
    if department is None:
        department = municipality.departments[municipality.default_department]
    policy = municipality.policies.of(PromiseKind.ANSWER, department.id)
    due, law = policy.due(municipality.hours, department.hours, now), owner["law"]
    await connection.fetchval(
        H["make_promise"],
        contact_id,
        PromiseKind.ANSWER,
        PromiseState.WAITING,
        owner["department"],
        owner["caseworker"],
        "",
        None,
        due if law is None else min(due, law),
        now,
        policy.id,
        "",
        law,
        owner["part_id"],
    )
