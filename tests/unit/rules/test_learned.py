"""The learned part: the same each time, explained by its own words, bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.examples import Example
from router.rules.learned import Learned, columns_of, pieces, plain
from router.rules.lessons import ABOUT, CARRIED, teach
from router.rules.text import SAID, danish_stem

ROADS = [
    "der er et stort hul i vejen", "hullet i vejen er dybt", "asfalten på vejen er revnet",
    "lygten på vores vej er slukket", "gadelyset er gået ud igen", "fortovet er skævt og farligt",
]  # fmt: skip
WASTE = [
    "skraldespanden blev ikke tømt", "affaldet er ikke hentet", "den grønne spand er fuld",
    "storskrald ved fortovet blev glemt", "genbrugspladsen var lukket", "tøm vores spand nu",
]  # fmt: skip
ANGRY = frozenset({"complaint"})
EXAMPLES = [
    *(Example("da", text, "vej") for text in ROADS),
    *(Example("da", text, "affald") for text in WASTE),
    *(Example("da", f"nu er det nok nummer {n}, hører i", flags=ANGRY) for n in "abcdefgh" * 4),
    *(Example("da", f"tak for hjælpen med nummer {n} hej igen") for n in "abcdefgh" * 4),
]


@pytest.fixture(scope="module")
def learned() -> Learned:
    taught = teach(("vej", "affald"), "", EXAMPLES, ())
    assert taught is not None
    return taught


def scores(learned: Learned, text: str, block: int = ABOUT) -> dict[str, float]:
    noticed = learned.notice(SAID.findall(text.lower()))
    return dict(zip(learned.blocks[block].outputs, learned.scores(noticed, block), strict=True))


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("hvem fylder huller i asfalten", "vej"), ("skraldespandene står fulde", "affald"),
        ("gadelysene", "vej"), ("affaldsspanden", "affald"), ("genbrugspladserne", "affald"),
        ("vejhul", "vej"), ("skraldespnaden", "affald"),
    ],
)  # fmt: skip
def test_inflected_compound_and_misspelt_words_are_near_what_was_learned(
    learned: Learned, text: str, department: str
) -> None:
    told = scores(learned, text)
    assert max(told, key=lambda name: told[name]) == department


def test_flags_are_learned_from_words_that_follow_each_other(learned: Learned) -> None:
    assert scores(learned, "nu er det nok med jer", CARRIED)["complaint"] > 0
    assert scores(learned, "tak for hjælpen", CARRIED)["complaint"] < 0


def test_the_same_examples_teach_the_same() -> None:
    first = teach(("vej", "affald"), "", EXAMPLES, ())
    other = teach(("vej", "affald"), "", [*EXAMPLES, Example("da", "hej", "vej")], ())
    again = teach(("vej", "affald"), "", list(EXAMPLES), ())
    assert first is not None
    assert again is not None
    assert other is not None
    text = "hul i vejen og en fuld spand"
    assert scores(first, text) == scores(again, text)
    assert scores(first, text) != scores(other, text)


def test_what_was_not_taught_is_not_claimed() -> None:
    assert teach(("vej",), "", [], ()) is None


def test_it_tells_words_of_the_examples_only(learned: Learned) -> None:
    noticed = learned.notice(["hemmelighedsvej", "vejen", "hullet", "gadelysmand", "er"])
    told = learned.words_for(noticed, "vej", 5, 0.0)
    assert set(told) <= {"vejen", "hullet"}
    assert told


def test_a_text_of_small_words_says_nothing(learned: Learned) -> None:
    assert learned.telling(learned.notice(["hej", "og", "tak", "for", "det"])) == 0
    assert learned.telling(learned.notice(["hej", "vejen"])) == 1


def test_words_are_forgotten_before_they_fill_the_memory(learned: Learned) -> None:
    taught = learned.anew()
    before = scores(taught, "hullet i vejen")
    for part in range(120):
        taught.notice([f"vejen{'abcdefghij'[n % 10]}{part}o{n}" for n in range(900)])
    assert len(taught._words) <= 40_000
    assert len(taught._telling) <= 45_000
    assert scores(taught, "hullet i vejen") == before


def new_words(start: int, count: int) -> list[str]:
    """Words of letters that nobody wrote before, and that hold a known piece."""
    return [
        "vejen" + "".join("abcdefghij"[int(digit)] for digit in str(number))
        for number in range(start, start + count)
    ]


def test_what_was_noticed_is_explained_until_its_words_may_be_forgotten(learned: Learned) -> None:
    taught = learned.anew()
    noticed = taught.notice(["hullet", "vejen"])
    told = taught.words_for(noticed, "vej", 5, 0.0)
    assert told
    for start in range(0, 3_600, 900):
        taught.notice(new_words(start, 900))
    assert taught.words_for(noticed, "vej", 5, 0.0) == told
    for start in range(3_600, 45_000, 900):
        taught.notice(new_words(start, 900))
    assert taught.words_for(noticed, "vej", 5, 0.0) == []
    assert taught.words_for(taught.notice(["hullet", "vejen"]), "vej", 5, 0.0) == told


@given(st.text(alphabet="abdeghijlnorstvæøå<>=", min_size=1, max_size=30))
def test_looking_up_with_the_beginnings_finds_what_looking_up_all_does(
    learned: Learned, word: str
) -> None:
    columns, _, _ = learned.parts()
    for other in (word, "vej" + word, word + "lygten", "fortov" + word + "spand"):
        folded = plain(other)
        stem = danish_stem(folded)
        expected = [c for c in map(columns.pieces.get, pieces(folded, stem)) if c is not None]
        assert columns_of(folded, stem, columns) == expected


@given(st.lists(st.text(min_size=1, max_size=30), max_size=40))
def test_any_words_have_scores(learned: Learned, words: list[str]) -> None:
    noticed = learned.notice(words)
    told = learned.scores(noticed, ABOUT)
    assert len(told) == 2
    assert all(-50 < score < 50 for score in told)
    assert told == learned.scores(learned.notice(words), ABOUT)
