"""What the line says at each step of a call. Pure: the same state says the same words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from channels.i18n import catalogue
from channels.phone.flow import (
    KNOWN,
    LANGUAGE_KEY,
    OTHER_NUMBER_KEY,
    SWITCHBOARD_KEY,
    YES_KEY,
    CallState,
    Notice,
    Setting,
    Step,
)
from channels.phone.known_words import (
    Facts,
    department_name,
    notice_words,
    promise_words,
    question,
    spelt,
)
from channels.phone.twiml import NUMBER_PAUSE, TOPIC_PAUSE, Ask, Document, Say
from channels.wording import say_clock, say_time
from router.hours import NeverOpen
from router.model import PromiseGiven, PromiseKind

if TYPE_CHECKING:
    from channels.i18n import Translate
    from router.config import Municipality

MOST_HINTS: Final = 100
"""Twilio takes 500 hints of 100 characters each."""


@dataclass(frozen=True, slots=True)
class Told:
    """What reception answered about this call's contact."""

    reference: str
    promise: PromiseGiven | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What everything said depends on besides the call itself."""

    municipality: Municipality
    now: datetime


def setting_of(municipality: Municipality, own_numbers: frozenset[str]) -> Setting:
    """The menu of a call, from the departments' keys."""
    reserved = (LANGUAGE_KEY, SWITCHBOARD_KEY, "")
    menu = {
        department.menu_key: department.id
        for department in municipality.departments.values()
        if department.menu_key not in reserved
    }
    return Setting(
        menu=dict(sorted(menu.items())),
        switchboard=municipality.default_department,
        refused_numbers=own_numbers,
    )


def speak(
    state: CallState,
    notice: Notice,
    told: Told,
    setting: Setting,
    scene: Scene,
    action: str,
    facts: Facts | None = None,
) -> Document:
    """The document for a call that has come to `state`; `facts` of the contact it named."""
    _ = catalogue("phone").gettext(state.language)
    if state.step is Step.DONE:
        return _goodbye(state, notice, told, scene, _)
    says = _notice(state, notice, scene, _)
    if state.step is Step.TOPIC:
        return _ask_topic(state, says, setting, scene, action, _)
    if state.step is Step.NUMBER:
        text = _(
            "Please key in the phone number we should call, and finish with the hash key."
            " You can also say the number."
        )
        return _asking(state, [*says, text], action, one_key=False, timeout=NUMBER_PAUSE)
    if state.step in KNOWN:
        facts = facts or Facts()
        if notice is Notice.ENDED and facts.called:
            says = []  # It is said where it stands.
        says += question(state, facts, scene.municipality, scene.now, _)
        one_key = state.step not in (Step.REFERENCE, Step.CODE)
        pause = TOPIC_PAUSE if one_key else NUMBER_PAUSE
        return _asking(state, says, action, one_key=one_key, timeout=pause)
    says.append(_promise(state, told, scene))
    if state.about.fixed:
        offer = _(
            "Press {yes} or say yes if that is right. Or tell us now what else we should know,"
            " for example when it suits you best."
        )
        return _asking(state, [*says, offer.format(yes=YES_KEY)], action, timeout=TOPIC_PAUSE)
    offer = _(
        "Press {yes} or say yes if that is right. Press {other} if we should call another number."
        " Or tell us now what else we should know, for example when it suits you best."
    )
    says.append(offer.format(yes=YES_KEY, other=OTHER_NUMBER_KEY))
    return _asking(state, says, action, timeout=TOPIC_PAUSE)


def _notice(state: CallState, notice: Notice, scene: Scene, _: Translate) -> list[str]:
    if notice is Notice.WELCOME and state.step is Step.TOPIC:
        return [
            _("Welcome to {municipality}.").format(municipality=scene.municipality.name),
            opening_sentence(state.language, scene),
        ]
    said = {
        Notice.NOT_HEARD: _("Sorry, I did not hear anything."),
        Notice.NOT_UNDERSTOOD: _("Sorry, I did not understand that."),
        Notice.BAD_NUMBER: _("Sorry, we cannot call that number."),
        Notice.TO_A_PERSON: _("That is all right. A member of staff will help you."),
        Notice.NOTED: _("Thank you. We have written that down."),
    }.get(notice) or notice_words(notice, state.language, _)
    return [said] if said else []


def _ask_topic(
    state: CallState,
    says: list[str],
    setting: Setting,
    scene: Scene,
    action: str,
    _: Translate,
) -> Document:
    departments = scene.municipality.departments
    names = {key: departments[id_].name_in(state.language) for key, id_ in setting.menu.items()}
    names[SWITCHBOARD_KEY] = _("the switchboard")
    press = _("Press {key} for {name}.")
    asked = [_("Tell us in a few words what it is about, or press a key.")]
    asked += [press.format(key=key, name=name) for key, name in names.items()]
    asked.append(_("If you have a reference number, press the star key."))
    if state.language == "da":
        other = Say(f"For English, press {LANGUAGE_KEY}.", "en")
    else:
        other = Say(f"Tryk {LANGUAGE_KEY} for dansk.", "da")
    spoken = [Say(text, state.language) for text in says]
    hints = [department.name_in(state.language) for department in departments.values()]
    return Document(
        ask=Ask(
            action=action,
            language=state.language,
            says=(*spoken[:1], other, *spoken[1:], Say(" ".join(asked), state.language)),
            timeout=TOPIC_PAUSE,
            hints=_hints(hints),
        )
    )


def _asking(
    state: CallState, texts: list[str], action: str, *, timeout: int, one_key: bool = True
) -> Document:
    says = tuple(Say(text, state.language) for text in texts if text)
    return Document(ask=Ask(action, state.language, says, one_key=one_key, timeout=timeout))


def _goodbye(state: CallState, notice: Notice, told: Told, scene: Scene, _: Translate) -> Document:
    texts = _notice(state, notice, scene, _)
    called_back = told.promise is not None and told.promise.kind is PromiseKind.CALLBACK
    if state.about.own:
        # What is promised to somebody who had a reference before.
        texts.append(_promise(state, told, scene))
    elif called_back:
        texts.append(_promise(state, told, scene))
    else:
        texts.append(
            _(
                "{department} has your enquiry. If you would like to be called back,"
                " please call again and give a phone number."
            ).format(department=_department(state, scene))
        )
    texts.append(reference_sentence(told.reference, _))
    if called_back and not state.about.own:
        texts.append(_("You will also get it in a text message."))
    texts.append(_("Thank you for calling. Goodbye."))
    return Document(says=tuple(Say(text, state.language) for text in texts if text))


def _promise(state: CallState, told: Told, scene: Scene) -> str:
    if told.promise is None:
        return ""
    _ = catalogue("phone").gettext(state.language)
    return promise_words(
        told.promise, state.department, state.language, scene.municipality, scene.now, _
    )


def _department(state: CallState, scene: Scene) -> str:
    return department_name(scene.municipality, state.department, state.language)


def reference_sentence(reference: str, _: Translate) -> str:
    """The reference digit by digit in threes, twice: it is being written down."""
    text = _("Your reference number is {digits}. I repeat: {digits}.")
    return text.format(digits=spelt(reference))


def opening_sentence(language: str, scene: Scene) -> str:
    """Until when we are open, or when we open again and why we are closed."""
    _ = catalogue("phone").gettext(language)
    municipality, now = scene.municipality, scene.now
    calendar = municipality.departments[municipality.default_department].hours
    hours, zone = municipality.hours, municipality.zone
    today = now.astimezone(zone).date()
    for start, end in hours.intervals(calendar, today):
        if start <= now < end:
            until = say_clock(end, language, zone, spoken=True)
            return _("We are open today until {time}.").format(time=until)
    try:
        opens = say_time(hours.next_open(calendar, now), language, zone, now, spoken=True)
    except NeverOpen:
        return _("We are closed now.")
    reason = hours.closed_reason(calendar, today, language)
    if reason:
        text = _("We are closed today: {reason}. We open again {time}.")
        return text.format(reason=reason, time=opens)
    return _("We are closed now. We open again {time}.").format(time=opens)


def _hints(phrases: list[str]) -> tuple[str, ...]:
    """What speech recognition should expect. A comma would end a hint."""
    clean = dict.fromkeys(phrase.replace(",", "")[:100] for phrase in phrases if phrase)
    return tuple(list(clean)[:MOST_HINTS])
