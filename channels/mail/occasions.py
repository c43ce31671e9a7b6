"""Mails about a plan, a meeting, or with a letter: what each says besides the usual.

The words of an agenda, of minutes and of a letter stand on the timeline; the effect
names the event. Nothing else that staff or the citizen wrote is in them: what a
topic or a meeting is about is read on the status page, behind its access code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from channels import wording
from channels.i18n import spoken_language, to_translate
from router.errors import PermanentFailure
from router.ledger import load_queries
from router.model import PromiseGiven, PromiseKind

if TYPE_CHECKING:
    from router.house import House
    from router.model import Effect

Q: Final = load_queries(Path(__file__).parent / "queries.sql")

OCCASION_SUBJECTS: Final = {
    "plan": to_translate("The plan for your enquiry – {reference}"),
    "part_solved": to_translate("A part of your enquiry is done – {reference}"),
    "meeting_agreed": to_translate("Our meeting – {reference}"),
    "meeting_moved": to_translate("A new time for our meeting – {reference}"),
    "meeting_cancelled": to_translate("Our meeting is cancelled – {reference}"),
    "agenda": to_translate("Agenda of our meeting – {reference}"),
    "minutes": to_translate("Minutes of our meeting – {reference}"),
    "letter": to_translate("About your enquiry – {reference}"),
}


async def occasion(house: House, effect: Effect, language: str) -> dict[str, Any]:
    """What the mail of `effect` says besides. Raises PermanentFailure `no_words` when what
    it is to carry has been erased."""
    payload = effect.payload
    if payload["template"] not in OCCASION_SUBJECTS:
        return {}
    language = spoken_language(str(payload.get("language") or language))
    zone, now = house.municipality.zone, house.clock.now()
    said: dict[str, Any] = {"lines": [], "left": payload.get("left", 0)}
    for part in payload.get("parts", ()):
        name = _department(house, str(part["department"]), language)
        promise = _given(part["promise"])
        said["lines"].append(wording.promise_sentence(promise, name, language, now, zone))
    meeting = payload.get("meeting")
    if isinstance(meeting, Mapping):
        start, end = (datetime.fromisoformat(meeting[at]) for at in ("not_before", "due_at"))
        said["window"] = wording.say_window(start, end, language, now, zone)
        said["where"] = wording.say_where(meeting["way"], meeting["place"], language)
    if "words" in payload:
        said["words"] = await house.ledger.fetchval(Q["words"], effect.contact_id, payload["words"])
        if not said["words"]:
            raise PermanentFailure("no_words")
    return said


def _given(stored: Mapping[str, Any]) -> PromiseGiven:
    not_before = stored["not_before"]
    return PromiseGiven(
        PromiseKind(stored["kind"]),
        datetime.fromisoformat(not_before) if not_before else None,
        datetime.fromisoformat(stored["due_at"]),
        str(stored["phone"] or ""),
    )


def _department(house: House, department: str, language: str) -> str:
    departments = house.municipality.departments
    known = departments.get(department, departments[house.municipality.default_department])
    return known.name_in(language)
