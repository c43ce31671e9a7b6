"""What a caller with a reference hears. Pure: the same facts give the same words.

Never a name, a subject or a topic: only the reference, who has it, what is
promised and by when. Whoever holds the phone hears it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from channels.http.explain import say
from channels.i18n import SHARED, to_translate
from channels.phone.flow import (
    ADD_KEY,
    KEEP_KEY,
    LATER_KEY,
    NO_CALL_KEY,
    OTHER_TIME_KEY,
    SWITCHBOARD_KEY,
    Notice,
    Step,
)
from channels.wording import promise_sentence, say_window

if TYPE_CHECKING:
    from datetime import datetime

    from channels.i18n import Translate
    from channels.phone.flow import CallState
    from router.config import Municipality
    from router.model import PromiseGiven

MOST_OWED: Final = 3
"""So many promises are read out; more than that nobody remembers."""

NOTICES: Final = {
    Notice.BAD_REFERENCE: to_translate("Sorry, that is not one of our reference numbers."),
    Notice.BAD_CODE: to_translate("Sorry, the number and the code do not go together."),
    Notice.TOO_MANY: to_translate(
        "There have been too many attempts. A member of staff will help you."
    ),
    Notice.SAME_NUMBER: to_translate(
        "To be safe, we only call the number that we have already. You can tell us the other one"
        " as a message."
    ),
    Notice.NO_TIMES: to_translate(
        "There are no more free times in the next two weeks. What was agreed still stands."
    ),
    Notice.TAKEN: to_translate("Sorry, that time is not free any more. Nothing has been changed."),
    Notice.KEPT: to_translate("Thank you. That is agreed."),
    Notice.MOVED: to_translate("Thank you. The new time is agreed."),
    Notice.WITHDRAWN: to_translate("We will not call you."),
}
_EXPLAINED: Final = {
    Notice.CLOSED_THEN: "window_closed",
    Notice.NO_SUCH_HOUR: "time_does_not_exist",
    Notice.TOO_URGENT: "too_urgent",
    Notice.ENDED: "promise_ended",
}
_ASK_REFERENCE: Final = to_translate(
    "Please key in the nine digits of your reference number, and finish with the hash key."
    " You can also say the number."
)
_ASK_CODE: Final = to_translate(
    "Please key in the access code of eight characters that you were given with the number, and"
    " finish with the hash key. For a letter, press the key that it is on once. You can also say"
    " the code. If you do not have it, press {person} and the hash key."
)
_ASK_WORDS: Final = to_translate("Please tell us now what we should know.")
_STATUS: Final = to_translate("Reference number {digits}. It is with {department}.")
_CLOSED: Final = to_translate("It has been closed. If you leave a message, we will open it again.")
_LATE: Final = to_translate("That is later than we promised, and we are sorry. It still stands.")
_CALL: Final = to_translate("{department} will call you {window}.")
_ABOUT_CALL: Final = to_translate("You can change the call from {department}.")
_KEEP: Final = to_translate("Press {key} if that suits you.")
_THAT_IS_ALL: Final = to_translate("Press {key} if that was all.")
_OTHER_TIME: Final = to_translate("Press {key} for another time.")
_NO_CALL: Final = to_translate("Press {key} if we should not call you after all.")
_ADD: Final = to_translate("Press {key} to leave a message.")
_PERSON: Final = to_translate("Press {key} to be helped by a member of staff.")
_OR_SAY: Final = to_translate("You can also say what you would like.")
_PRESS_FOR: Final = to_translate("Press {key} for {window}.")
_LATER: Final = to_translate("Press {key} for later times.")


@dataclass(frozen=True, slots=True)
class Owed:
    """One thing that is promised, as far as it may be said."""

    promise: PromiseGiven
    department: str
    late: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """How the contact stands that the caller has named."""

    reference: str = ""
    department: str = ""
    closed: bool = False
    owed: tuple[Owed, ...] = ()
    called: bool = False
    """A call was promised, and has been made or withdrawn."""
    of_several: str = ""
    """The department whose call can be changed, where several are promised."""


def notice_words(notice: Notice, language: str, _: Translate) -> str:
    """What one of our own notices says; empty for any other."""
    if notice in _EXPLAINED:
        return say(_EXPLAINED[notice], SHARED.gettext(language))
    return _(NOTICES[notice]) if notice in NOTICES else ""


def question(
    state: CallState, facts: Facts, municipality: Municipality, now: datetime, _: Translate
) -> list[str]:
    """What is said and asked at one of the steps of a caller with a reference."""
    if state.step is Step.REFERENCE:
        return [_(_ASK_REFERENCE)]
    if state.step is Step.CODE:
        return [_(_ASK_CODE).format(person=SWITCHBOARD_KEY)]
    if state.step is Step.WORDS:
        return [_(_ASK_WORDS)]
    person = _(_PERSON).format(key=SWITCHBOARD_KEY)
    if state.step is Step.TIMES:
        return [*_times(state, municipality, now, _), _(_LATER).format(key=LATER_KEY), person]
    says = _status(state, facts, municipality, now, _)
    says.append(_(_KEEP if state.about.call else _THAT_IS_ALL).format(key=KEEP_KEY))
    if state.about.call:
        says.append(_(_OTHER_TIME).format(key=OTHER_TIME_KEY))
        says.append(_(_NO_CALL).format(key=NO_CALL_KEY))
    return [*says, _(_ADD).format(key=ADD_KEY), person, _(_OR_SAY)]


def _times(state: CallState, municipality: Municipality, now: datetime, _: Translate) -> list[str]:
    return [
        _(_PRESS_FOR).format(
            key=key,
            window=say_window(start, end, state.language, now, municipality.zone, spoken=True),
        )
        for key, (start, end) in enumerate(state.about.slots, 1)
    ]


def _status(
    state: CallState, facts: Facts, municipality: Municipality, now: datetime, _: Translate
) -> list[str]:
    name = department_name(municipality, facts.department or state.department, state.language)
    says = [_(_STATUS).format(digits=spelt(facts.reference), department=name)]
    if facts.closed:
        says.append(_(_CLOSED))
    elif facts.called and not state.about.call:
        says.append(say("promise_ended", SHARED.gettext(state.language)))
    for owed in facts.owed[:MOST_OWED]:
        says.append(
            promise_words(owed.promise, owed.department, state.language, municipality, now, _)
        )
        if owed.late:
            says.append(_(_LATE))
    if facts.of_several:
        name = department_name(municipality, facts.of_several, state.language)
        says.append(_(_ABOUT_CALL).format(department=name))
    return says


def promise_words(
    promise: PromiseGiven,
    department: str,
    language: str,
    municipality: Municipality,
    now: datetime,
    _: Translate,
) -> str:
    """What is promised, in one sentence; of a call to a number that is not said, only when."""
    zone = municipality.zone
    name = department_name(municipality, department, language)
    if promise.phone or not promise.kind.is_call:
        return promise_sentence(promise, name, language, now, zone, spoken=True)
    window = say_window(promise.not_before, promise.due_at, language, now, zone, spoken=True)
    return _(_CALL).format(department=name, window=window)


def only_to(number: str, promise: PromiseGiven) -> PromiseGiven:
    """`promise`; without its number when that is not `number`."""
    if not promise.kind.is_call or promise.phone == number:
        return promise
    return replace(promise, phone="")


def department_name(municipality: Municipality, department: str, language: str) -> str:
    """A department by name; one that has left by that of the switchboard."""
    known = municipality.departments.get(department)
    if known is None:
        known = municipality.departments[municipality.default_department]
    return known.name_in(language)


def spelt(reference: str) -> str:
    """A reference digit by digit, in threes."""
    return ", ".join(" ".join(reference[at : at + 3]) for at in range(0, len(reference), 3))
