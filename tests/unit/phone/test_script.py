"""What the line says: in both languages, at every step, and always TwiML that Twilio takes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone import fallback
from channels.phone.flow import CallState, Notice, Step
from channels.phone.script import Scene, Told, opening_sentence, setting_of, speak
from channels.phone.twiml import Document, Say, message, render
from router.config import Municipality, load
from router.model import PromiseGiven, PromiseKind
from tests.twiml_grammar import NotTwiML, check_voice

CONFIG = Path(__file__).parents[3] / "config"
MUNICIPALITY: Municipality = load(CONFIG)
SETTING = setting_of(MUNICIPALITY, frozenset())
MONDAY_AT_TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
ACTION = "https://indgang.example/twilio/voice/3"
CALLBACK = PromiseGiven(PromiseKind.CALLBACK, None, DUE, "+4520304050")
ANSWER = PromiseGiven(PromiseKind.ANSWER, None, DUE)


def words(state: CallState, notice: Notice = Notice.NONE, told: Told | None = None) -> str:
    told = told or Told("482031957", CALLBACK)
    document = speak(state, notice, told, SETTING, Scene(MUNICIPALITY, MONDAY_AT_TEN), ACTION)
    root = check_voice(render(document))
    return " ".join(say.text or "" for say in root.iter("Say"))


def test_the_greeting_says_who_when_and_how() -> None:
    said = words(CallState(), Notice.WELCOME)
    assert "Velkommen til Frederikssund Kommune." in said
    assert "For English, press 9." in said
    assert "Vi har åbent i dag til klokken 15." in said
    assert "Sig med få ord" in said
    assert "Tryk 7 for Byggesager." in said
    assert "Tryk 0 for omstillingen." in said


def test_the_english_greeting_offers_danish_in_danish() -> None:
    said = words(CallState(language="en"), Notice.WELCOME)
    assert "Welcome to Frederikssund Kommune." in said
    assert "Tryk 9 for dansk." in said
    assert "Press 7 for Building Permits." in said


@pytest.mark.parametrize(
    ("now", "danish", "english"),
    [
        (
            datetime(2026, 11, 23, 20, 0, tzinfo=UTC),
            "Vi har lukket nu. Vi åbner igen tirsdag den 24. november klokken 8.30.",
            "We are closed now. We open again Tuesday 24 November at 8:30.",
        ),
        (
            datetime(2026, 12, 25, 9, 0, tzinfo=UTC),
            "Vi har lukket i dag: Juledag. Vi åbner igen mandag den 28. december klokken 8.30.",
            "We are closed today:",
        ),
    ],
)
def test_outside_opening_hours_it_says_when_we_open(
    now: datetime, danish: str, english: str
) -> None:
    scene = Scene(MUNICIPALITY, now)
    assert opening_sentence("da", scene) == danish
    assert opening_sentence("en", scene).startswith(english)


def test_the_offer_says_who_calls_where_and_when_and_what_to_press() -> None:
    state = CallState(step=Step.OFFER, number="+4520304050", department="byg")
    said = words(state)
    assert "Byggesager ringer til dig på 20 30 40 50 senest" in said
    assert "tirsdag den 24. november" in said
    assert "Tryk 1 eller sig ja" in said
    assert "Tryk 2" in said


def test_the_goodbye_says_the_reference_twice_in_threes() -> None:
    said = words(CallState(step=Step.DONE, number="+4520304050", department="byg"))
    assert said.count("4 8 2, 0 3 1, 9 5 7") == 2
    assert "sms" in said
    assert said.endswith("Farvel.")


def test_without_a_number_no_call_and_no_text_is_promised() -> None:
    said = words(CallState(step=Step.DONE, department="byg"), told=Told("482031957", ANSWER))
    assert "Byggesager har din henvendelse." in said
    assert "sms" not in said
    assert "ringer til dig" not in said


@given(
    state=st.builds(
        CallState,
        step=st.sampled_from(Step),
        language=st.sampled_from(["da", "en"]),
        number=st.sampled_from(["", "+4520304050", "+4670123456"]),
        department=st.sampled_from(sorted(MUNICIPALITY.departments)),
    ),
    notice=st.sampled_from(Notice),
    promise=st.sampled_from([CALLBACK, ANSWER, None]),
)
def test_every_step_is_valid_twiml_with_a_way_on(
    state: CallState, notice: Notice, promise: PromiseGiven | None
) -> None:
    document = speak(
        state,
        notice,
        Told("482031957", promise or CALLBACK),
        SETTING,
        Scene(MUNICIPALITY, MONDAY_AT_TEN),
        ACTION,
    )
    root = check_voice(render(document))
    if state.step is Step.DONE:
        assert root[-1].tag == "Hangup"
        return
    gather = root.find("Gather")
    assert gather is not None
    # Speech and keys at every question; silence goes the same way as an answer.
    assert gather.get("input") == "dtmf speech"
    assert gather.get("action") == ACTION == root[-1].text
    assert gather.get("language") == {"da": "da-DK", "en": "en-GB"}[state.language]


def test_every_sentence_has_its_danish() -> None:
    """Danish callers hear no English but the offer of English itself."""
    for step in Step:
        for notice in Notice:
            state = CallState(step=step, number="+4520304050", department="byg")
            said = words(state, notice).replace("For English, press 9.", "")
            for english in (" the ", " you ", " your ", "Sorry", "Thank", "Press "):
                assert english not in said, said


@pytest.mark.parametrize(
    "document",
    [
        fallback.we_call_back("+4520304050"),
        fallback.ask_number("https://indgang.example", 0),
        fallback.ask_number("https://indgang.example", 1),
        fallback.call_again(),
    ],
)
def test_the_fallback_speaks_both_languages(document: Document) -> None:
    root = check_voice(render(document))
    assert {say.get("language") for say in root.iter("Say")} == {"da-DK", "en-GB"}


def test_what_is_said_cannot_break_the_document() -> None:
    nasty = "<Hangup/> & \x00\x08 \"'> ]]>"
    root = check_voice(render(Document(says=(Say(nasty, "da"),))))
    assert root[0].text == "<Hangup/> &  \"'> ]]>"


def test_an_empty_text_message_answers_nothing() -> None:
    assert "<Message" not in message("")
    assert "<Message>æøå &amp; &lt;3</Message>" in message("æøå & <3")


@pytest.mark.parametrize(
    "document",
    [
        "<Response><Sing>la</Sing></Response>",
        '<Response><Say volume="11">hej</Say></Response>',
        "<Response><Gather><Hangup/></Gather></Response>",
        '<Response><Gather numDigits="one"/></Response>',
        '<Response><Say language="da">hej</Say></Response>',
        "<Response><Say></Say></Response>",
        "<Twiml/>",
        "<Response>",
    ],
)
def test_the_grammar_refuses_what_twilio_would(document: str) -> None:
    with pytest.raises(NotTwiML):
        check_voice(document)
