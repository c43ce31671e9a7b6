"""A caller with a reference, as a pure function, and what is heard in their words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.phone.flow import (
    KNOWN,
    MOST_FAILS,
    MOST_TURNS,
    About,
    CallState,
    Proof,
    Setting,
    Step,
    Wish,
    advance,
)
from channels.phone.hearing import Heard
from channels.phone.known import choice_of
from router.capacity import Slot

ANNA = "+4520304050"
SETTING = Setting(menu={"7": "byg"}, switchboard="borgerservice")
NINE = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HALF = timedelta(minutes=30)
TIMES = tuple((NINE + HALF * n, NINE + HALF * (n + 1)) for n in range(3))
ABOUT = About("482031957", Proof.CALLER, own="110000006", call=1, number=ANNA, slots=TIMES)
STATUS = CallState(step=Step.STATUS, number=ANNA, department="byg", about=ABOUT)


def keys(digits: str) -> Heard:
    return Heard.of(digits, "")


def speech(words: str) -> Heard:
    return Heard.of("", words)


@pytest.mark.parametrize(
    ("answer", "wish"),
    [
        (keys("1"), Wish.KEEP),
        (speech("ja tak, det passer fint"), Wish.KEEP),
        (keys("2"), Wish.TIMES),
        (speech("en anden tid"), Wish.TIMES),
        (speech("another time please"), Wish.TIMES),
        (speech("jeg vil gerne flytte den"), Wish.TIMES),
        (keys("3"), Wish.WITHDRAW),
        (speech("I skal ikke ringe"), Wish.WITHDRAW),
        (speech("don't call me"), Wish.WITHDRAW),
        (speech("don\u2019t call me"), Wish.WITHDRAW),
        (speech("afmeld"), Wish.WITHDRAW),
        (keys("0"), Wish.PERSON),
        (speech("en medarbejder, tak"), Wish.PERSON),
        (speech("porten er låst om formiddagen"), Wish.ADD),
        (speech("ring gerne om eftermiddagen"), Wish.ADD),
        (speech("ring ikke før klokken 14"), Wish.ADD),
        (speech("no, call me"), Wish.ADD),
        (speech("nej"), None),
        (keys("7"), None),
    ],
)
def test_what_is_wanted_by_key_and_by_speech(answer: Heard, wish: Wish | None) -> None:
    assert advance(STATUS, answer, SETTING).wish is wish


def test_without_a_call_there_is_nothing_to_change() -> None:
    state = replace(STATUS, about=replace(ABOUT, call=0))
    for key in "23":
        assert advance(state, keys(key), SETTING).wish is None
    assert advance(state, keys("1"), SETTING).wish is Wish.KEEP


@pytest.mark.parametrize("words", ["sag", "min sag", "jeg har et referencenummer", "my case"])
def test_a_reference_is_asked_for_by_its_name(words: str) -> None:
    state = CallState(number=ANNA, department="borgerservice")
    assert advance(state, speech(words), SETTING).state.step is Step.REFERENCE


@pytest.mark.parametrize("words", ["byggesag", "min sag om en carport", "nummeret på skolen"])
def test_a_topic_is_no_reference(words: str) -> None:
    state = CallState(number=ANNA, department="borgerservice")
    turn = advance(state, speech(words), SETTING)
    assert turn.tell is not None
    assert turn.tell.kind == "said"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (keys("57762977"), "57762977"),
        (speech("K7QM 2XRP"), "57762977"),
        (speech("k syv q m to x r p"), "57762977"),
        (speech("O I L 0 1 1 2 A"), "01101122"),
    ],
)
def test_a_code_by_its_keys(answer: Heard, code: str) -> None:
    assert answer.code() == code


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (keys("2"), 2),
        (speech("den anden"), 2),
        (speech("nummer to"), 2),
        (speech("the first"), 1),
        (speech("tredje"), 3),
        (speech("en anden tid"), 0),
        (speech("torsdag"), 0),
        (speech(""), 0),
    ],
)
def test_which_of_the_times(answer: Heard, place: int) -> None:
    assert answer.place() == place


def test_times_to_choose_from_are_not_all_of_one_hour() -> None:
    day = timedelta(days=1)
    slots = [
        Slot(NINE + HALF * n + day * d, NINE + HALF * (n + 1) + day * d)
        for d in range(3)
        for n in range(10)
    ]
    first, second, third = choice_of(slots)
    assert first == slots[0]
    assert second.start - first.start == timedelta(hours=3)
    assert third == slots[10]
    assert choice_of(slots[:2]) == slots[:2]
    assert choice_of([]) == []


abouts = st.builds(
    About,
    reference=st.just("482031957"),
    proof=st.sampled_from(Proof),
    own=st.sampled_from(["", "110000006"]),
    call=st.integers(0, 2),
    number=st.sampled_from(["", ANNA]),
    slots=st.sampled_from([(), TIMES[:1], TIMES]),
)
states = st.builds(
    CallState,
    step=st.sampled_from(sorted(KNOWN)),
    language=st.sampled_from(["da", "en"]),
    number=st.sampled_from(["", ANNA]),
    department=st.sampled_from(["borgerservice", "byg"]),
    fails=st.integers(0, MOST_FAILS - 1),
    about=abouts,
)
answers = st.builds(
    Heard.of,
    digits=st.text("0123456789*#", max_size=12),
    speech=st.one_of(st.just(""), st.sampled_from(["ja", "ring ikke", "482031957"]), st.text()),
)


@given(state=states, heard=answers, turn=st.integers(0, 2 * MOST_TURNS))
@settings(max_examples=500)
def test_every_answer_leads_somewhere(state: CallState, heard: Heard, turn: int) -> None:
    outcome = advance(state, heard, SETTING, turn)
    assert outcome.state.fails < MOST_FAILS
    assert outcome.wish is None or outcome.tell is None
    # A time that was not read out cannot be taken, and no call changed that is not theirs.
    if outcome.wish is Wish.TAKE:
        assert int(outcome.value) < len(state.about.slots)
    if state.step is Step.STATUS and outcome.wish in (Wish.WITHDRAW, Wish.TIMES):
        assert state.about.call
    # Nothing is promised by the way: only a wish that was fulfilled does that.
    if (
        state.about.own
        and outcome.tell is not None
        and state.step not in (Step.REFERENCE, Step.CODE)
    ):
        assert not outcome.tell.callback


@given(state=states)
def test_two_silences_lead_to_a_person(state: CallState) -> None:
    fresh = replace(state, fails=0)
    first = advance(fresh, Heard(), SETTING)
    assert first.state.step is fresh.step
    second = advance(first.state, Heard(), SETTING)
    assert second.state.step in (Step.OFFER, Step.NUMBER)
