"""The call as a pure function: every step with every kind of answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.phone.flow import (
    MOST_FAILS,
    MOST_TURNS,
    CallState,
    Notice,
    Setting,
    Step,
    Tell,
    advance,
)
from channels.phone.hearing import Heard

ANNA = "+4520304050"
OURS = "+4547351000"
SETTING = Setting(
    menu={"1": "borgerservice", "7": "byg"},
    switchboard="borgerservice",
    refused_numbers=frozenset({OURS}),
)
TOPIC = CallState(number=ANNA, department="borgerservice")
ANONYMOUS = CallState(department="borgerservice")
NUMBER = CallState(step=Step.NUMBER, department="byg")
OFFER = CallState(step=Step.OFFER, number=ANNA, department="byg")
DONE = CallState(step=Step.DONE, number=ANNA, department="byg")


def keys(digits: str) -> Heard:
    return Heard.of(digits, "")


def speech(words: str) -> Heard:
    return Heard.of("", words)


SILENCE = Heard()


def test_what_the_caller_says_is_told_and_routed() -> None:
    turn = advance(TOPIC, speech("byggetilladelse til en carport"), SETTING)
    assert turn.state == replace(TOPIC, step=Step.OFFER)
    assert turn.tell == Tell(
        "said", text="byggetilladelse til en carport", reroute=True, callback=True
    )


def test_a_department_key_is_remembered_and_routed() -> None:
    turn = advance(TOPIC, keys("7"), SETTING)
    assert turn.state == replace(TOPIC, step=Step.OFFER, menu="byg")
    assert turn.tell == Tell("chose", menu="byg", reroute=True, callback=True)


@pytest.mark.parametrize("answer", [keys("0"), speech("omstillingen, tak"), speech("operator")])
def test_the_switchboard_can_always_be_had(answer: Heard) -> None:
    for state in (TOPIC, OFFER):
        turn = advance(state, answer, SETTING)
        assert turn.tell == Tell("chose", menu="borgerservice", reroute=True, callback=True)
        assert turn.state.step is Step.OFFER


def test_a_caller_without_a_number_is_asked_for_one() -> None:
    assert advance(ANONYMOUS, keys("7"), SETTING).state.step is Step.NUMBER
    assert advance(ANONYMOUS, speech("carport"), SETTING).state.step is Step.NUMBER


@pytest.mark.parametrize(
    ("answer", "notice"),
    [
        (SILENCE, Notice.NOT_HEARD),
        (keys("3"), Notice.NOT_UNDERSTOOD),
        (keys("#"), Notice.NOT_UNDERSTOOD),
        (keys("77"), Notice.NOT_UNDERSTOOD),
    ],
)
def test_the_first_useless_answer_is_asked_again(answer: Heard, notice: Notice) -> None:
    turn = advance(TOPIC, answer, SETTING)
    assert turn.state == replace(TOPIC, fails=1)
    assert turn.notice is notice
    assert turn.tell is None


@pytest.mark.parametrize(("state", "step"), [(TOPIC, Step.OFFER), (ANONYMOUS, Step.NUMBER)])
def test_the_second_useless_answer_leads_to_a_person(state: CallState, step: Step) -> None:
    turn = advance(replace(state, fails=1), SILENCE, SETTING)
    assert turn.state.step is step
    assert turn.notice is Notice.TO_A_PERSON
    assert turn.tell == Tell(
        "not_understood", menu="borgerservice", reroute=True, callback=bool(state.number)
    )


@pytest.mark.parametrize("answer", [keys("9"), speech("English, please"), speech("engelsk")])
def test_english_by_key_and_by_name(answer: Heard) -> None:
    for state in (TOPIC, OFFER):
        turn = advance(state, answer, SETTING)
        assert turn.state == replace(state, language="en")
        assert turn.tell is None


@pytest.mark.parametrize("answer", [keys("9"), speech("Dansk, tak"), speech("Danish")])
def test_and_back_to_danish(answer: Heard) -> None:
    turn = advance(replace(TOPIC, language="en"), answer, SETTING)
    assert turn.state.language == "da"


@pytest.mark.parametrize(
    "answer",
    [
        keys("31415161"),
        keys("004531415161"),
        speech("31 41 51 61"),
        speech("enogtredive enogfyrre enoghalvtreds enogtres"),
        speech("thirty one, forty one, fifty one, sixty one"),
        speech("det er tre en fire en fem en seks en"),
    ],
)
def test_a_number_is_taken_by_keys_and_by_speech(answer: Heard) -> None:
    turn = advance(NUMBER, answer, SETTING)
    assert turn.state == replace(NUMBER, step=Step.OFFER, number="+4531415161")
    assert turn.tell == Tell("gave_number", callback=True)


@pytest.mark.parametrize(
    "answer",
    [
        keys("12345678"),  # no Danish number begins with 1
        keys("112"),
        keys("90901234"),  # premium rate
        keys("2030405"),
        keys("203040506"),
        keys("47351000"),  # our own
        keys("00999999999999999"),
        keys("*#*#"),
        speech("jeg vil helst ikke"),
    ],
)
def test_a_number_that_cannot_be_called_is_refused_and_asked_again(answer: Heard) -> None:
    turn = advance(NUMBER, answer, SETTING)
    assert turn.state == replace(NUMBER, fails=1)
    assert turn.notice is Notice.BAD_NUMBER
    assert turn.tell is None


def test_without_a_number_a_person_has_the_contact_all_the_same() -> None:
    turn = advance(replace(NUMBER, fails=1), SILENCE, SETTING)
    assert turn.state.step is Step.DONE
    assert turn.tell == Tell("no_number")


def test_a_number_that_was_known_is_kept_when_the_other_cannot_be_had() -> None:
    turn = advance(replace(NUMBER, number=ANNA, fails=1), keys("12"), SETTING)
    assert turn.state.step is Step.DONE
    assert turn.state.number == ANNA
    assert turn.tell == Tell("not_understood", callback=True, write=True)


@pytest.mark.parametrize(
    "answer", [keys("1"), speech("ja"), speech("Ja tak, det passer fint."), speech("Yes please")]
)
def test_yes_by_key_and_by_speech(answer: Heard) -> None:
    turn = advance(OFFER, answer, SETTING)
    assert turn.state == replace(OFFER, step=Step.DONE)
    assert turn.tell == Tell("confirmed", callback=True, write=True)


@pytest.mark.parametrize(
    "answer", [keys("2"), speech("nej"), speech("et andet nummer"), speech("another number")]
)
def test_another_number_by_key_and_by_speech(answer: Heard) -> None:
    turn = advance(OFFER, answer, SETTING)
    assert turn.state == replace(OFFER, step=Step.NUMBER)
    assert turn.tell is None


def test_a_number_said_at_the_offer_replaces_the_one_offered() -> None:
    turn = advance(OFFER, speech("ring på 31 41 51 61"), SETTING)
    assert turn.state == replace(OFFER, number="+4531415161")
    assert turn.tell == Tell("gave_number", text="ring på 31 41 51 61", callback=True)


def test_a_message_is_written_down_and_does_not_move_the_contact() -> None:
    words = "ring efter klokken 14, jeg henter børn i børnehaven"
    turn = advance(OFFER, speech(words), SETTING)
    assert turn.state.step is Step.DONE
    assert turn.notice is Notice.NOTED
    assert turn.tell == Tell("said", text=words, callback=True, write=True)


def test_a_message_is_routed_when_nobody_knew_the_topic() -> None:
    turn = advance(replace(OFFER, department="borgerservice"), speech("det er rotter"), SETTING)
    assert turn.tell is not None
    assert turn.tell.reroute


def test_no_answer_to_the_offer_keeps_the_promise() -> None:
    first = advance(OFFER, SILENCE, SETTING)
    assert first.state == replace(OFFER, fails=1)
    second = advance(first.state, SILENCE, SETTING)
    assert second.state.step is Step.DONE
    assert second.tell == Tell("not_understood", callback=True, write=True)


def test_after_goodbye_nothing_happens() -> None:
    for answer in (SILENCE, keys("1"), speech("vent")):
        turn = advance(DONE, answer, SETTING)
        assert turn.state == DONE
        assert turn.tell is None


states = st.builds(
    CallState,
    step=st.sampled_from(Step),
    language=st.sampled_from(["da", "en"]),
    number=st.sampled_from(["", ANNA, "+4670123456"]),
    menu=st.sampled_from(["", "byg"]),
    department=st.sampled_from(["borgerservice", "byg"]),
    fails=st.integers(0, MOST_FAILS - 1),
)
answers = st.builds(
    Heard.of,
    digits=st.one_of(st.text("0123456789*#", max_size=20), st.text(max_size=10)),
    speech=st.one_of(
        st.just(""),
        st.sampled_from(["ja", "nej", "engelsk", "carport", "20304050", "omstillingen"]),
        st.text(max_size=60),
    ),
)


@given(state=states, heard=answers, turn=st.integers(0, 2 * MOST_TURNS))
@settings(max_examples=500)
def test_every_answer_in_every_state_has_a_sensible_next_step(
    state: CallState, heard: Heard, turn: int
) -> None:
    outcome = advance(state, heard, SETTING, turn)
    after = outcome.state
    assert after.fails < MOST_FAILS
    # We offer to call only where there is a number.
    assert after.step is not Step.OFFER or after.number or state.step is Step.OFFER
    # A number that we have is never lost.
    assert not state.number or after.number
    # What was said in an answer we could use reaches the contact.
    if outcome.tell is not None and outcome.tell.kind == "said":
        assert outcome.tell.text == heard.speech
    # We write only to whom we promise to call.
    if outcome.tell is not None and outcome.tell.write and after.number:
        assert outcome.tell.callback
    assert outcome == advance(state, heard, SETTING, turn)


@given(first=states, heard=st.lists(answers, min_size=MOST_TURNS + 1, max_size=MOST_TURNS + 1))
@settings(max_examples=200)
def test_every_call_comes_to_an_end(first: CallState, heard: list[Heard]) -> None:
    state = first
    for turn, answer in enumerate(heard):
        state = advance(state, answer, SETTING, turn).state
    assert state.step is Step.DONE


@given(state=states)
def test_two_silences_in_a_row_always_lead_on(state: CallState) -> None:
    fresh = replace(state, fails=0)
    after = advance(advance(fresh, SILENCE, SETTING).state, SILENCE, SETTING).state
    assert after.step is not fresh.step or fresh.step is Step.DONE
