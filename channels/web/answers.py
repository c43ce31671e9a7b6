"""What we answer about a contact: who has it, what we promise, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from channels.i18n import catalogue, spoken_language
from channels.web.story import told
from channels.wording import promise_sentence, say_time
from router.explaining import sentence
from router.model import ContactState, PromiseGiven, PromiseKind, PromiseState, Receipt
from router.wishes import numbered_calls

if TYPE_CHECKING:
    from router.config import Municipality
    from router.rows import ContactHead, ContactView, PromiseRow


_TOLD_AS: Final = {PromiseKind.CALL_BEFORE_REFUSAL: PromiseKind.CALLBACK}
"""Why we call is said when we call."""


def owner_name(
    municipality: Municipality, department: str, caseworker: str | None, language: str
) -> str:
    """Who has a contact, for people: the caseworker's name, or the department's."""
    if caseworker is not None:
        member = municipality.caseworkers.get(caseworker)
        # Somebody who has left is no longer in the configuration.
        if member is not None:
            return member.name
    return department_name(municipality, department, language)


def department_name(municipality: Municipality, department: str, language: str) -> str:
    """The department's name; its id when the configuration no longer has it."""
    found = municipality.departments.get(department)
    return found.name_in(spoken_language(language)) if found is not None else department


def promise_answer(
    promise: PromiseGiven,
    department: str,
    language: str,
    municipality: Municipality,
    now: datetime,
) -> dict[str, Any]:
    """A promise as the API answers it; `department` is the name to say."""
    answer: dict[str, Any] = {"kind": _TOLD_AS.get(promise.kind, promise.kind).value}
    if promise.phone:
        answer["phone"] = promise.phone
    if promise.not_before is not None:
        answer["from"] = promise.not_before
    answer["until"] = promise.due_at
    answer["text"] = promise_sentence(promise, department, language, now, municipality.zone)
    return answer


def receipt_answer(
    receipt: Receipt, municipality: Municipality, now: datetime, *, with_code: bool
) -> dict[str, Any]:
    """What reception answered, as the API answers it."""
    language = receipt.language
    department = department_name(municipality, receipt.department, language)
    answer: dict[str, Any] = {"reference": receipt.reference}
    if with_code:
        answer["access_code"] = receipt.access_code
    answer["department"] = receipt.department
    answer["department_name"] = department
    answer["owner"] = owner_name(municipality, receipt.department, receipt.caseworker, language)
    if receipt.promise is not None:
        answer["promise"] = promise_answer(receipt.promise, department, language, municipality, now)
    return answer


def open_promises(promises: Iterable[PromiseRow]) -> list[PromiseRow]:
    """Those that we still owe, the first due first."""
    return sorted(
        (promise for promise in promises if promise.state.is_open), key=lambda row: row.due_at
    )


def open_calls(view: ContactView) -> list[tuple[int, PromiseRow]]:
    """The calls that can be changed, each with the number by which its citizen says which
    one is meant; the first due first."""
    calls = [(n, call) for n, call in numbered_calls(view.promises) if call.state.is_open]
    return sorted(calls, key=lambda numbered: numbered[1].due_at)


def given(promise: PromiseRow) -> PromiseGiven:
    """A promise as the citizen hears it."""
    return PromiseGiven(promise.kind, promise.not_before, promise.due_at, promise.phone)


def next_step(
    head: ContactHead,
    promises: list[PromiseRow],
    language: str,
    municipality: Municipality,
    now: datetime,
) -> str:
    """What happens next, in one honest sentence. `promises` are the open ones."""
    _ = catalogue("web").gettext(language)
    if head.state is ContactState.CLOSED:
        return _("This enquiry is finished. Write a message below if you need more help.")
    if not promises:
        return _("We are working on it.")
    first = promises[0]
    if first.due_at <= now:
        return _(
            "We should have been in touch with you by now, and we are sorry that we have not. "
            "Your enquiry is still with us and is marked as late."
        )
    name = department_name(municipality, first.department, language)
    if first.state is PromiseState.RESTING and first.retry_at is not None:
        at = say_time(first.retry_at, language, municipality.zone, now)
        return _("{department} called without reaching you, and will try again {time}.").format(
            department=name, time=at
        )
    return promise_sentence(given(first), name, language, now, municipality.zone)


def why_here(view: ContactView, language: str) -> str:
    """Why the contact came to the department that the rules chose, in one sentence; "" if
    staff have moved it since, or if nothing was written down."""
    decision = view.decisions[-1] if view.decisions else None
    if decision is None or decision.department != view.head.department:
        return ""
    return sentence(decision.explanation.get("why"), spoken_language(language))


def contact_answer(
    view: ContactView, language: str, municipality: Municipality, now: datetime
) -> dict[str, Any]:
    """A contact as its citizen sees it: nothing that staff wrote among themselves."""
    head = view.head
    name = department_name(municipality, head.department, language)
    promises = open_promises(view.promises)
    answer: dict[str, Any] = {
        "reference": head.reference,
        "state": head.state.value,
        "subject": head.subject,
        "department": head.department,
        "department_name": name,
        "owner": owner_name(municipality, head.department, head.caseworker, language),
        **({"why": why} if (why := why_here(view, language)) else {}),
        "next_step": next_step(head, promises, language, municipality, now),
    }
    if head.next_due_at is not None:
        answer["next_due_at"] = head.next_due_at
    calls = open_calls(view)
    # Where there is only one, nobody needs to say which.
    numbers = {call.id: number for number, call in calls} if len(calls) > 1 else {}
    answer["promises"] = [
        promise_answer(
            given(promise),
            department_name(municipality, promise.department, language),
            language,
            municipality,
            now,
        )
        | ({"call": numbers[promise.id]} if promise.id in numbers else {})
        for promise in promises
    ]
    answer["created_at"] = head.created_at
    answer["updated_at"] = head.updated_at
    answer["timeline"] = [
        {
            "at": step.at,
            "kind": step.kind,
            "by": "you" if step.by_citizen else "us",
            "title": step.title,
            **({"text": step.text} if step.text else {}),
        }
        for step in told(view.timeline, language, municipality)
    ]
    return answer
