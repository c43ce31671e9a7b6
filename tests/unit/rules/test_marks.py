"""When a flag is set: what phrases and learning say, put together."""

from __future__ import annotations

import pytest

from bench.understanding_speed import reader_of
from router.config import load
from router.model import Channel
from router.rules import Decision, Facts
from router.rules.marks import (
    ACUTE,
    CHILD_CONCERN,
    LEARNED,
    OTHER_AUTHORITY,
    is_carried,
    with_implied,
)
from router.rules.text import said_in
from router.rules.understanding import Understanding
from router.rules.weighing import elsewhere, unnamed
from router.settings import demo_configuration

MUNICIPALITY = load(demo_configuration())
READER = reader_of(MUNICIPALITY)


def found(text: str) -> Understanding:
    return READER.read("", text)


def decide(text: str) -> Decision:
    return MUNICIPALITY.rules.decide(Facts(channel=Channel.WEB, text=text))


def carried(
    phrases: int, learned: float | None, *, flag: str = "complaint", words: int = 30
) -> bool:
    return is_carried(flag, phrases=phrases, unless=False, learned=learned, words=words)


def test_more_phrases_need_less_from_what_was_learned() -> None:
    for flag, limits in LEARNED.items():
        falling = [limits.after(phrases) for phrases in range(12)]
        assert falling == sorted(falling, reverse=True), flag
        assert falling[0] == limits.alone
        assert falling[1] == pytest.approx(limits.agreed)
        assert falling[7] == falling[11]


def test_one_phrase_is_overruled_where_four_are_not() -> None:
    assert not carried(0, -0.4)
    assert carried(1, -0.4)
    assert not carried(1, -0.8)
    assert carried(4, -0.8)


def test_a_flag_that_was_not_learned_is_set_by_phrases() -> None:
    assert carried(1, None)
    assert not carried(0, None)
    assert carried(1, -5.0, flag="threat")


def test_a_concern_for_a_child_is_for_today() -> None:
    assert with_implied({CHILD_CONCERN, "anonymous"}) == {CHILD_CONCERN, ACUTE, "anonymous"}
    assert with_implied({"complaint"}) == {"complaint"}
    assert {CHILD_CONCERN, ACUTE} <= found("Naboens dreng bliver slået hver aften.").flags


@pytest.mark.parametrize(
    "text",
    [
        "Sneploven er kørt forbi os tre dage i træk. Den vender ved skiltet. Hvad nu?",
        "mor: svaret fra skolen var i øst og vest, vil have det på skrift af en leder",
        "Min far sad klar til kl. 11. Der kom ingen, og der er ingen, der har ringet.",
    ],
)
def test_complaints_need_no_word_of_complaint(text: str) -> None:
    assert "complaint" in found(text).flags


@pytest.mark.parametrize(
    "text",
    [
        "Naboens birk skygger for vores solceller. Hvad siger reglerne?",
        "Hvordan klager man over en afgørelse? Det er til en folder.",
        "Lygten ved nummer 8 er slukket.",
        "Vi er tre familier, der gerne vil holde vejfest i august.",
    ],
)
def test_calm_texts_are_no_complaints(text: str) -> None:
    assert "complaint" not in found(text).flags


@pytest.mark.parametrize(
    "text", ["Kan I hjælpe mig?", "Hvem skal jeg tale med?", "Hej, et spørgsmål"]
)
def test_a_text_about_nothing_is_not_sure(text: str) -> None:
    assert found(text).certainty == "unsure"


def test_few_words_without_a_phrase_are_trusted_little() -> None:
    assert unnamed(1) < unnamed(3) < unnamed(12) < 1


def test_another_authority_without_a_phrase_takes_more() -> None:
    assert elsewhere(0.0, 0.0, -0.2) < elsewhere(0.1, 0.0, -0.2)
    assert elsewhere(0.0, 0.0, 0.3) > 0.8


def test_nobody_in_particular_is_named_when_no_phrase_names_an_authority() -> None:
    decision = decide("Hvem er far til mit barn, og hvor får jeg det afgjort?")
    assert OTHER_AUTHORITY in decision.flags
    assert decision.forward_to == ""
    assert "en anden myndighed" in str(decision.explanation["why"])


def test_a_telephone_number_is_no_age() -> None:
    assert said_in("ring 12 34 56 01, han er 27 år") == [
        "ring",
        "12345601",
        "han",
        "er",
        "27",
        "år",
    ]
    assert said_in("kl 12 34") == ["kl", "12", "34"]
    assert "urgent_child_concern" not in found("mand 27 år, smidt ud i går, ring 12 34 56 01").flags


def test_coming_home_after_an_operation_is_no_threat() -> None:
    assert "threat" not in found("I am coming home to you after a stroke. Who can come?").flags
    assert "threat" in found("I will come after you.").flags


def test_what_is_listed_with_commas_is_several_topics() -> None:
    text = "Vi mangler flere ting: skoleplads til Ida, vuggestueplads til Bo, ny papirspand."
    assert "multiple_topics" in found(text).flags
    assert "multiple_topics" not in found("Skuret er rødt, højt, pænt og bygget i 1990.").flags
