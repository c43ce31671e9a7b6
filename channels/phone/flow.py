"""The call as a pure function: where it stands and what was heard -> what comes next.

    TOPIC   what is it about? by speech or by a department's key
    NUMBER  which number do we call? asked when there is none, or another is wished
    OFFER   "we call you on ... no later than ...": yes, another number, or a message
    DONE    the reference is read out, goodbye

The contact and its promise are there before the first word is said, so every
way out of a step, hanging up among them, leaves something that somebody owns.
Two answers that we cannot use lead on to a person, never round in a circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from channels.numbers import typed_number
from channels.phone.hearing import Heard

LANGUAGE_KEY: Final = "9"
SWITCHBOARD_KEY: Final = "0"
YES_KEY: Final = "1"
OTHER_NUMBER_KEY: Final = "2"

MOST_FAILS: Final = 2
"""So many answers that we cannot use, and a person takes over."""
MOST_TURNS: Final = 24
"""A call that goes on longer than this is not getting anywhere; it ends politely."""


class Step(StrEnum):
    """What the caller is being asked."""

    TOPIC = "topic"
    NUMBER = "number"
    OFFER = "offer"
    DONE = "done"


class Notice(StrEnum):
    """What the caller must hear before the next question."""

    NONE = ""
    WELCOME = "welcome"
    NOT_HEARD = "not_heard"
    NOT_UNDERSTOOD = "not_understood"
    BAD_NUMBER = "bad_number"
    TO_A_PERSON = "to_a_person"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class CallState:
    """Where a call stands."""

    step: Step = Step.TOPIC
    language: str = "da"
    number: str = ""
    """E.164, the number that we promise to call; empty when we have none."""
    menu: str = ""
    """Department id that the caller chose by key."""
    department: str = ""
    """Department id of the owner, as reception last answered."""
    fails: int = 0
    """Answers in a row that this step could not use."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What of the municipality the call depends on."""

    menu: Mapping[str, str]
    """Key -> department id. Never the keys 0 and 9."""
    switchboard: str
    """The department that owns what nobody else does."""
    refused_numbers: frozenset[str] = frozenset()
    """Our own numbers: calling them back would be calling ourselves."""


@dataclass(frozen=True, slots=True)
class Tell:
    """What reception must be told about this step; becomes an `Arrival`."""

    kind: str
    text: str = ""
    menu: str = ""
    reroute: bool = False
    callback: bool = False
    """Promise to call `CallState.number`."""
    write: bool = False
    """Send the receipt there by SMS: only once the caller has heard the number,
    since a mistyped one belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one step."""

    state: CallState
    notice: Notice = Notice.NONE
    tell: Tell | None = None


def advance(state: CallState, heard: Heard, setting: Setting, turn: int = 0) -> Turn:
    """What comes after `heard`. Total: every input in every state has an answer."""
    if state.step is Step.DONE:
        return Turn(state)
    if turn >= MOST_TURNS:
        return _finish(state, Tell("not_understood", callback=bool(state.number), write=True))
    if (switched := _other_language(state, heard)) is not None:
        return Turn(replace(state, language=switched), Notice.WELCOME)
    if state.step is Step.TOPIC:
        return _topic(state, heard, setting)
    if state.step is Step.NUMBER:
        return _number(state, heard, setting)
    return _offer(state, heard, setting)


def _topic(state: CallState, heard: Heard, setting: Setting) -> Turn:
    wants_switchboard = heard.digits == SWITCHBOARD_KEY or heard.asks_for_switchboard()
    menu = setting.switchboard if wants_switchboard else setting.menu.get(heard.digits, "")
    if menu:
        chosen = replace(state, menu=menu)
        return _routed(chosen, Tell("chose", menu=menu, reroute=True))
    if heard.speech and not heard.digits:
        return _routed(state, Tell("said", text=heard.speech, menu=state.menu, reroute=True))
    if state.fails + 1 < MOST_FAILS:
        return _again(state, heard)
    turn = _routed(state, Tell("not_understood", menu=setting.switchboard, reroute=True))
    return replace(turn, notice=Notice.TO_A_PERSON)


def _routed(state: CallState, tell: Tell) -> Turn:
    # Promised again, by the hours of the department that now has it: that is what
    # the offer says, and nothing else may be said when it is confirmed.
    tell = replace(tell, callback=bool(state.number))
    step = Step.OFFER if state.number else Step.NUMBER
    return Turn(replace(state, step=step, fails=0), tell=tell)


def _number(state: CallState, heard: Heard, setting: Setting) -> Turn:
    number = typed_number(heard.number(), setting.refused_numbers)
    if number:
        settled = replace(state, step=Step.OFFER, number=number, fails=0)
        # Promised at once: a caller who hangs up now has told us where to call.
        return Turn(settled, tell=Tell("gave_number", callback=True))
    if state.fails + 1 < MOST_FAILS:
        notice = Notice.NOT_HEARD if heard.nothing else Notice.BAD_NUMBER
        return Turn(replace(state, fails=state.fails + 1), notice)
    if state.number:
        return _finish(state, Tell("not_understood", callback=True, write=True))
    return _finish(state, Tell("no_number"))


def _offer(state: CallState, heard: Heard, setting: Setting) -> Turn:
    if heard.digits == YES_KEY or (not heard.digits and heard.says_yes()):
        return _finish(state, Tell("confirmed", callback=True, write=True))
    other = heard.digits == OTHER_NUMBER_KEY or (
        not heard.digits and (heard.says_no() or heard.asks_for_other_number())
    )
    if other:
        return Turn(replace(state, step=Step.NUMBER, fails=0))
    if heard.digits == SWITCHBOARD_KEY or heard.asks_for_switchboard():
        chosen = replace(state, menu=setting.switchboard, fails=0)
        return _routed(chosen, Tell("chose", menu=setting.switchboard, reroute=True))
    number = typed_number(heard.number(), setting.refused_numbers)
    if number and (heard.digits or heard.says_only_a_number()):
        settled = replace(state, number=number, fails=0)
        return Turn(settled, tell=Tell("gave_number", text=heard.speech, callback=True))
    if heard.speech and not heard.digits:
        # Where to find me and when is no new topic, unless nobody knew the topic yet.
        lost = state.department == setting.switchboard and not state.menu
        tell = Tell(
            "said",
            text=heard.speech,
            menu=state.menu,
            reroute=lost,
            callback=True,
            write=True,
        )
        return _finish(state, tell, Notice.NOTED)
    if state.fails + 1 < MOST_FAILS:
        return _again(state, heard)
    return _finish(state, Tell("not_understood", callback=True, write=True))


def _again(state: CallState, heard: Heard) -> Turn:
    notice = Notice.NOT_HEARD if heard.nothing else Notice.NOT_UNDERSTOOD
    return Turn(replace(state, fails=state.fails + 1), notice)


def _finish(state: CallState, tell: Tell, notice: Notice = Notice.NONE) -> Turn:
    return Turn(replace(state, step=Step.DONE, fails=0), notice, tell)


def _other_language(state: CallState, heard: Heard) -> str | None:
    """The language the caller changes to, by the key or by its name, where that is asked."""
    key = heard.digits == LANGUAGE_KEY and state.step is not Step.NUMBER
    if state.language == "da":
        return "en" if key or (not heard.digits and heard.asks_for_english()) else None
    return "da" if key or (not heard.digits and heard.asks_for_danish()) else None
