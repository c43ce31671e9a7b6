"""The call as a pure function: where it stands and what was heard -> what comes next.

    TOPIC   what is it about? by speech or by a department's key
    NUMBER  which number do we call? asked when there is none, or another is wished
    OFFER   "we call you on ... no later than ...": yes, another number, or a message
    DONE    the reference is read out, goodbye

Who has a reference (key *) goes another way, until they want a person after all:

    REFERENCE  which one?
    CODE       the access code, where the caller's number does not show whose it is
    STATUS     what is promised: keep it, another time, no call, add something, a person
    TIMES      which of the free times?
    WORDS      what shall be added?

The contact and its promise are there before the first word is said, so every
way out of a step, hanging up among them, leaves something that somebody owns.
Two answers that we cannot use lead on to a person, never round in a circle.
What has to be looked up or agreed is a `Wish`, which `channels.phone.known` fulfils.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from channels.numbers import typed_number
from channels.phone.hearing import CODE_LENGTH, Heard
from router.reference import is_reference

LANGUAGE_KEY: Final = "9"
SWITCHBOARD_KEY: Final = "0"
YES_KEY: Final = "1"
OTHER_NUMBER_KEY: Final = "2"
REFERENCE_KEY: Final = "*"
KEEP_KEY: Final = "1"
OTHER_TIME_KEY: Final = "2"
NO_CALL_KEY: Final = "3"
ADD_KEY: Final = "4"
LATER_KEY: Final = "4"
"""Among the free times: later ones."""

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
    REFERENCE = "reference"
    CODE = "code"
    STATUS = "status"
    TIMES = "times"
    WORDS = "words"


KNOWN: Final = frozenset({Step.REFERENCE, Step.CODE, Step.STATUS, Step.TIMES, Step.WORDS})
"""The steps of somebody who has a reference."""
_TYPING: Final = frozenset({Step.NUMBER, Step.REFERENCE, Step.CODE})
"""Several keys are one answer here, so no single one changes the language."""


class Wish(StrEnum):
    """What a caller with a reference wants; not for this function to do."""

    LOOK = "look"
    """Find the contact that they named."""
    PROVE = "prove"
    """See whether the code is right."""
    KEEP = "keep"
    TIMES = "times"
    """Hear free times; with a value: later ones than those that were read."""
    TAKE = "take"
    """The free time at this place."""
    SAID_TIME = "said_time"
    """A time in the caller's own words, or else a message."""
    WITHDRAW = "withdraw"
    ADD = "add"
    PERSON = "person"


class Proof(StrEnum):
    """How we know that the contact is theirs."""

    NONE = ""
    CALLER = "caller"
    """They call from a number that it has. That can be forged: see `channels.phone.known`."""
    CODE = "code"


class Notice(StrEnum):
    """What the caller must hear before the next question."""

    NONE = ""
    WELCOME = "welcome"
    NOT_HEARD = "not_heard"
    NOT_UNDERSTOOD = "not_understood"
    BAD_NUMBER = "bad_number"
    TO_A_PERSON = "to_a_person"
    NOTED = "noted"
    BAD_REFERENCE = "bad_reference"
    BAD_CODE = "bad_code"
    TOO_MANY = "too_many"
    SAME_NUMBER = "same_number"
    NO_TIMES = "no_times"
    TAKEN = "taken"
    CLOSED_THEN = "closed_then"
    NO_SUCH_HOUR = "no_such_hour"
    TIME_IMPOSSIBLE = "time_impossible"
    TOO_URGENT = "too_urgent"
    ENDED = "ended"
    KEPT = "kept"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class About:
    """The contact that a caller has named by its reference."""

    reference: str = ""
    proof: Proof = Proof.NONE
    own: str = ""
    """Reference of the contact that this call made, once the call belongs to the other one."""
    call: int = 0
    """The promised call that they may change, by its number; 0 without one."""
    number: str = ""
    """Where that call is promised to."""
    slots: tuple[tuple[datetime, datetime], ...] = ()
    """The free times that were read out, in order."""

    @property
    def fixed(self) -> bool:
        """Only the number is known, so nobody may be called on another one."""
        return bool(self.own) and self.proof is Proof.CALLER


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
    about: About = About()


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
    wish: Wish | None = None
    """Fulfilled before anything is said; `state` is what follows where nothing else does."""
    value: str = ""


def advance(state: CallState, heard: Heard, setting: Setting, turn: int = 0) -> Turn:
    """What comes after `heard`. Total: every input in every state has an answer."""
    if state.step is Step.DONE:
        return Turn(state)
    if turn >= MOST_TURNS:
        if state.about.own and state.step in KNOWN:
            # What was agreed stands; nothing more is promised.
            return _finish(state, Tell("not_understood"))
        return _finish(state, Tell("not_understood", callback=bool(state.number), write=True))
    if (switched := _other_language(state, heard)) is not None:
        return Turn(replace(state, language=switched), Notice.WELCOME)
    if state.step is Step.TOPIC:
        return _topic(state, heard, setting)
    if state.step is Step.NUMBER:
        return _number(state, heard, setting)
    if state.step is Step.OFFER:
        return _offer(state, heard, setting)
    return _known(state, heard, setting)


def _known(state: CallState, heard: Heard, setting: Setting) -> Turn:
    if state.step is Step.REFERENCE:
        return _reference(state, heard, setting)
    if state.step is Step.CODE:
        return _code(state, heard, setting)
    if _wants_person(heard):
        return to_person(state)
    if state.step is Step.STATUS:
        return _status(state, heard)
    if state.step is Step.TIMES:
        return _times(state, heard)
    if heard.speech and not heard.digits:
        return Turn(state, wish=Wish.ADD, value=heard.speech)
    return again_or_person(state, _unused(heard))


def _topic(state: CallState, heard: Heard, setting: Setting) -> Turn:
    if not heard.digits and is_reference(heard.number()) and heard.says_only_a_number():
        return _look(replace(state, fails=0), heard.number())
    if heard.digits == REFERENCE_KEY or (not heard.digits and heard.asks_for_reference()):
        return Turn(replace(state, step=Step.REFERENCE, fails=0))
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
    if other and not state.about.fixed:
        return Turn(replace(state, step=Step.NUMBER, fails=0))
    if other and state.fails + 1 < MOST_FAILS:
        return Turn(replace(state, fails=state.fails + 1), Notice.SAME_NUMBER)
    if heard.digits == SWITCHBOARD_KEY or heard.asks_for_switchboard():
        chosen = replace(state, menu=setting.switchboard, fails=0)
        return _routed(chosen, Tell("chose", menu=setting.switchboard, reroute=True))
    number = typed_number(heard.number(), setting.refused_numbers)
    if number and not state.about.fixed and (heard.digits or heard.says_only_a_number()):
        settled = replace(state, number=number, fails=0)
        return Turn(settled, tell=Tell("gave_number", text=heard.speech, callback=True))
    if heard.speech and not heard.digits:
        # Where to find me and when is no new topic, unless nobody knew the topic yet.
        lost = state.department == setting.switchboard and not state.menu and not state.about.own
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
    return Turn(replace(state, fails=state.fails + 1), _unused(heard))


def _unused(heard: Heard) -> Notice:
    return Notice.NOT_HEARD if heard.nothing else Notice.NOT_UNDERSTOOD


def _wants_person(heard: Heard) -> bool:
    if heard.digits:
        return heard.digits.rstrip("#") == SWITCHBOARD_KEY
    return heard.asks_for_switchboard() or heard.asks_for_person()


def _reference(state: CallState, heard: Heard, setting: Setting) -> Turn:
    if _wants_person(heard):
        return give_up(state, setting)
    digits = heard.number().replace(REFERENCE_KEY, "")
    if is_reference(digits):
        return _look(state, digits)
    if not digits and heard.is_sentence():
        # What it is about, then.
        return _routed(state, Tell("said", text=heard.speech, menu=state.menu, reroute=True))
    notice = Notice.NOT_HEARD if heard.nothing else Notice.BAD_REFERENCE
    return mistaken(state, notice, setting, digits or heard.speech)


def _look(state: CallState, reference: str) -> Turn:
    named = replace(state, step=Step.CODE, about=About(reference=reference))
    return Turn(named, wish=Wish.LOOK)


def _code(state: CallState, heard: Heard, setting: Setting) -> Turn:
    if _wants_person(heard):
        return give_up(state, setting)
    if heard.digits.rstrip("#") == REFERENCE_KEY:
        # Another reference. What went wrong so far stays counted.
        return Turn(replace(state, step=Step.REFERENCE, about=About()))
    code = heard.code()
    if len(code) == CODE_LENGTH:
        return Turn(state, wish=Wish.PROVE, value=code)
    notice = Notice.NOT_HEARD if heard.nothing else Notice.BAD_CODE
    return mistaken(state, notice, setting)


def mistaken(state: CallState, notice: Notice, setting: Setting, noted: str = "") -> Turn:
    """A reference or a code that is none: once more, then a person."""
    if state.fails + 1 < MOST_FAILS:
        return Turn(replace(state, fails=state.fails + 1), notice)
    return give_up(state, setting, noted)


def give_up(
    state: CallState, setting: Setting, noted: str = "", notice: Notice = Notice.TO_A_PERSON
) -> Turn:
    """On to a person by the ordinary way, with the reference noted for them."""
    tell = Tell(
        "gave_reference",
        text=state.about.reference or noted,
        menu=setting.switchboard,
        reroute=True,
    )
    return replace(_routed(replace(state, about=About()), tell), notice=notice)


def _status(state: CallState, heard: Heard) -> Turn:
    key, spoken = heard.digits, not heard.digits
    if key == ADD_KEY or (spoken and heard.asks_to_add()):
        return Turn(replace(state, step=Step.WORDS, fails=0))
    if state.about.call:
        if key == NO_CALL_KEY or (spoken and heard.wants_no_call()):
            return Turn(state, wish=Wish.WITHDRAW)
        if key == OTHER_TIME_KEY or (spoken and heard.asks_for_other_time()):
            return Turn(replace(state, fails=0), wish=Wish.TIMES)
    if key == KEEP_KEY or (spoken and heard.says_yes()):
        return Turn(state, wish=Wish.KEEP)
    if spoken and heard.is_sentence():
        return Turn(state, wish=Wish.ADD, value=heard.speech)
    return again_or_person(state, _unused(heard))


def _times(state: CallState, heard: Heard) -> Turn:
    place = heard.place()
    if 1 <= place <= len(state.about.slots):
        return Turn(state, wish=Wish.TAKE, value=str(place - 1))
    if heard.digits == LATER_KEY or (not heard.digits and heard.asks_for_other_time()):
        return Turn(replace(state, fails=0), wish=Wish.TIMES, value="later")
    if not heard.digits and heard.wants_no_call():
        return Turn(state, wish=Wish.WITHDRAW)
    if not heard.digits and heard.says_no():
        return Turn(replace(state, step=Step.STATUS, fails=0))
    if heard.speech and not heard.digits:
        return Turn(state, wish=Wish.SAID_TIME, value=heard.speech)
    return again_or_person(state, _unused(heard))


def again_or_person(state: CallState, notice: Notice) -> Turn:
    """Ask once more, then a person."""
    if state.fails + 1 < MOST_FAILS:
        return Turn(replace(state, fails=state.fails + 1), notice)
    return to_person(state)


def to_person(state: CallState) -> Turn:
    """A person is wanted, about the contact that they named."""
    number = state.about.number or state.number
    asked = replace(state, step=Step.OFFER if number else Step.NUMBER, number=number, fails=0)
    return Turn(asked, Notice.TO_A_PERSON, wish=Wish.PERSON)


def _finish(state: CallState, tell: Tell, notice: Notice = Notice.NONE) -> Turn:
    return Turn(replace(state, step=Step.DONE, fails=0), notice, tell)


def _other_language(state: CallState, heard: Heard) -> str | None:
    """The language the caller changes to, by the key or by its name, where that is asked."""
    key = heard.digits == LANGUAGE_KEY and state.step not in _TYPING
    if state.language == "da":
        return "en" if key or (not heard.digits and heard.asks_for_english()) else None
    return "da" if key or (not heard.digits and heard.asks_for_danish()) else None
