"""Finding phrases: order, nearness, endings, compounds, misspelling."""

from __future__ import annotations

import pytest

from router.rules.text import fold, lowered
from router.rules.vocabulary import FLAG, SUBJECT, Found, Meaning, Vocabulary


def small(*phrases: str, exact: bool = False) -> Vocabulary:
    vocabulary = Vocabulary()
    for phrase in phrases:
        assert vocabulary.add("da", phrase, Meaning(FLAG, phrase), loose=not exact) == ""
    vocabulary.close(lambda phrase: {"word": phrase.written})
    return vocabulary


def written(found: Found) -> set[str]:
    return {phrase.written for phrase in found.phrases}


def test_loose_words_stand_in_any_order_near_each_other() -> None:
    vocabulary = small("ny affaldsbeholder")
    assert written(vocabulary.find("", "affaldsbeholderen skal være ny"))
    far = "ny " + "ord " * 40 + "affaldsbeholder"
    assert not written(vocabulary.find("", far))
    assert written(vocabulary.find("Affaldsbeholder", "vi vil gerne have en ny"))


def test_exact_words_stand_in_order_and_dots_leave_room() -> None:
    exact = small("ring til mig", exact=True)
    assert written(exact.find("", "vil I ringe til mig"))
    assert not written(exact.find("", "mig til ring"))
    assert not written(exact.find("", "ring gerne til mig"))
    gap = small("ring ... tilbage")
    assert written(gap.find("", "ring mig venligst op tilbage"))
    assert not written(gap.find("", "ring en to tre fire fem tilbage"))
    assert not written(gap.find("", "tilbage ring"))


def test_a_phrase_of_small_words_is_taken_as_it_stands() -> None:
    vocabulary = small("kommer efter dig")
    assert written(vocabulary.find("", "jeg kommer efter dig"))
    assert not written(vocabulary.find("", "jeg kommer på mandag"))


def test_compounds_are_known_by_their_ends_only_when_long_enough() -> None:
    vocabulary = small("byggetilladelse", "garage", "pas")
    assert written(vocabulary.find("", "garagebyggetilladelse")) == {"byggetilladelse", "garage"}
    assert not written(vocabulary.find("", "kompas passager trespas"))


def test_an_s_that_joins_two_words_begins_no_third() -> None:
    vocabulary = small("selvmord", "stank", "skorsten")
    assert written(vocabulary.find("", "selvmordstanke")) == {"selvmord"}
    assert written(vocabulary.find("", "selvmordskorsten")) == {"selvmord", "skorsten"}


@pytest.mark.parametrize(
    "text", ["børne have", "Børne Haven", "boerne haver", "min børne-have", "børne  havens"]
)
def test_compounds_are_known_in_two_words(text: str) -> None:
    assert written(small("børnehave").find("", text)) == {"børnehave"}


def test_two_words_that_only_happen_to_meet_are_no_compound() -> None:
    vocabulary = small("forældre", "børnehave")
    assert not written(vocabulary.find("", "plads for ældre. Vi har børn. En have"))


def test_a_compound_in_two_words_may_have_an_ending() -> None:
    vocabulary = small("børnehave", "børnehavelærer")
    assert written(vocabulary.find("", "børne havelærerne")) == {"børnehavelærer"}
    assert not written(vocabulary.find("", "børne havetraktor"))


@pytest.mark.parametrize("text", ["bornehave", "boernehave", "BØRNEHAVE", "bornehaven"])
def test_danish_letters_may_be_written_in_any_way(text: str) -> None:
    assert written(small("børnehave").find("", text)) == {"børnehave"}


@pytest.mark.parametrize(
    "text", ["byggetiladelse", "byggettilladelse", "byggetilledelse", "byggetilladlesen"]
)
def test_one_wrong_letter_in_a_long_word_is_forgiven(text: str) -> None:
    assert written(small("byggetilladelse").find("", text)) == {"byggetilladelse"}


def test_a_street_name_is_no_subject() -> None:
    assert not written(small("skole", "strand").find("", "Strandgade 4 ved Skolevænget"))


def test_each_language_has_its_own_endings() -> None:
    vocabulary = Vocabulary()
    for language, phrase in (("en", "passport"), ("de", "Reisepass"), ("uk", "паспорт"),
                             ("ar", "جواز"), ("pl", "paszport")):  # fmt: skip
        vocabulary.add(language, phrase, Meaning(SUBJECT, language))
    vocabulary.close(lambda phrase: {"word": phrase.written})
    for language, text in (("en", "two passports"), ("de", "des Reisepasses"), ("uk", "паспорта"),
                           ("ar", "الجواز"), ("pl", "paszportu")):  # fmt: skip
        assert [p.meaning.key for p in vocabulary.find("", text).phrases] == [language]


def test_ten_thousand_new_words_do_not_fill_the_memory() -> None:
    vocabulary = small("byggetilladelse")
    for part in range(300):
        words = " ".join(f"nyt{part}ord{number}" for number in range(1000))
        assert vocabulary.find("", words[:19_000]).phrases == []
    assert len(vocabulary._words) <= 51_000


def test_a_word_that_was_forgotten_is_looked_at_again() -> None:
    vocabulary = small("byggetilladelse")
    forgotten: list[str] = []
    vocabulary.on_forget = forgotten.append
    for part in range(55):
        vocabulary.find("byggetilladelsen", " ".join(f"nyt{part}ord{n}" for n in range(999)))
    assert forgotten[0] == "byggetilladelsen"
    assert len(set(forgotten)) == len(forgotten)
    assert written(vocabulary.find("", "byggetilladelsen")) == {"byggetilladelse"}


def test_whoever_asks_is_told_of_new_words_once() -> None:
    vocabulary = small("børnehave")
    heard: list[tuple[str, str, bool]] = []
    vocabulary.on_new_word = lambda word, folded, known: heard.append((word, folded, known))
    vocabulary.find("", "Børnehaven lukker, børnehaven")
    assert heard == [("børnehaven", "boernehaven", True), ("lukker", "lukker", False)]


def test_unusable_phrases_are_refused() -> None:
    vocabulary = Vocabulary()
    assert "no letters" in vocabulary.add("da", "…!?", Meaning(SUBJECT, "byg"))
    assert "longer than 12" in vocabulary.add("da", "hus " * 13, Meaning(SUBJECT, "byg"), False)


def test_folding_makes_one_spelling() -> None:
    assert fold("Bækgreve") == fold("BAEKGREVE") == "baekgreve"
    assert fold("a\u030a") == "a"  # a decomposed å is at least a word
    assert fold("Müller") == "muller"


def test_small_letters_stand_where_the_large_ones_stood() -> None:
    text = "İSTANBUL, Ærø og ẞ: \u212a"
    assert len(lowered(text)) == len(text)
    assert lowered(text).startswith("istanbul, ærø")
