"""Which caseworker a text names, however it is spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.rules.names import Named, People
from router.rules.spelling import distance
from router.rules.text import TOKEN, fold
from router.rules.trimming import read_letter

NAMES = {
    "lone": "Lone Hvideklit", "jens": "Jens Mosevang", "sanne": "Sanne Tranelund",
    "omar": "Omar Strandgreve", "pia": "Pia Elleskov", "kasper": "Kasper Rugbjerg",
    "tine": "Tine Sandhøj", "morten": "Morten Kildevang", "gitte": "Gitte Bækgreve",
    "louise": "Louise Fjordmark", "annette": "Annette Klintegaard", "ole": "Ole Skovlyng",
    "camilla": "Camilla Brinkhøj", "rasmus": "Rasmus Engvig", "henrik": "Henrik Grusvad",
    "bente": "Bente Løvfald", "signe": "Signe Havnevik", "thomas": "Thomas Birkelyst",
    "vibeke": "Vibeke Pennegaard",
}  # fmt: skip
PEOPLE = People(NAMES)


def find(text: str, subject: str = "", people: People = PEOPLE) -> Named:
    for word in TOKEN.findall(f"{subject} {text}".lower()):
        people.notice(word, fold(word), False)
    return people.find(subject, text, read_letter(text).closing)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Til Gitte Bækgreve", "gitte"), ("Til Gite Bækgrev", "gitte"),
        ("gitte baekgreves sag", "gitte"), ("jeg talte med Skovlyng i går", "ole"),
        ("Hr. Skovling lovede det", "ole"), ("SANNE TRANELUND", "sanne"),
        ("Sane Tranlund", "sanne"), ("Lousie Fjordmark", "louise"), ("Fjord Mark sagde", "louise"),
        ("Camilla Brinkhoej lovede at ringe", "camilla"), ("Camilla Brinkhøy", "camilla"),
        ("Viveke Pennegård", "vibeke"), ("Tommas Birkelist", "thomas"), ("Bente Løv Fald", "bente"),
        ("Pia Elle-skov", "pia"), ("pia eleskov", "pia"), ("Tine Sandhøg", "tine"),
        ("Anette Klintegård", "annette"), ("Signe Havnvig", "signe"), ("Rasmus Engvik", "rasmus"),
        ("Lone Hvide Klit", "lone"), ("Jens Mosevangs afgørelse", "jens"),
        ("skriv til Morten Kildevang, ikke til Pia", "morten"),
    ],
)  # fmt: skip
def test_full_and_surnames_are_known_misspelt_too(text: str, person: str) -> None:
    assert find(text) == Named(person)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Hej Pia, tak for sidst", "pia"), ("jeg talte med sanne i går", "sanne"),
        ("Louise fra jer sagde noget andet", "louise"), ("min sagsbehandler Omar er syg", "omar"),
        ("hun hedder vist Tine", "tine"), ("sagsbehandleren hedder Omar", "omar"),
        ("att. Ole", "ole"), ("v/ Gitte", "gitte"), ("Henrik sagde, at I ville komme", "henrik"),
        ("Kan Sanne ringe til mig?", "sanne"), ("Har Bente set på det?", "bente"),
        ("Morten K. har ikke svaret", "morten"), ("taler plejer m signe h., er hurtig", "signe"),
        ("Pia E. fra jer sagde det", "pia"),
        ("Pia S. er min veninde", ""), ("Kære Rasmus. Du stod i min indkørsel", "rasmus"),
    ],
)  # fmt: skip
def test_a_first_name_counts_where_it_is_somebody_at_the_municipality(
    text: str, person: str
) -> None:
    assert find(text).one == person


@pytest.mark.parametrize(
    "text",
    [
        "Mvh Pia", "Med venlig hilsen\nOle", "Tak for hjælpen. Kh Louise",
        "min datter Louise er syg",
        "Jeg hedder Kasper og bor i Skibby", "Thomas på 9 år", "Pia Sørensen har sagt det",
        "Jens Peter", "Ib Mosevang", "sand høj som et hus", "ring til min mand Ole på 12345103",
        "min søn Morten går i 3. klasse", "Pia og jeg vil giftes", "grusvej og havnevej",
        "kildevand",
        "Mvh Gitte\n12 34 51 03", "Brinken 4, Klintevej 7", "engvej 3",
    ],
)  # fmt: skip
def test_the_sender_his_family_and_strangers_are_not_caseworkers(text: str) -> None:
    assert find(text) == Named()


def test_two_who_fit_alike_are_both_told_and_nobody_chosen() -> None:
    people = People(
        {"a": "Pia Holm", "b": "Pia Dam", "c": "Ulla Holmgaard", "d": "Ulrik Holmgaard"}
    )
    assert find("Hej Pia, tak for sidst", people=people) == Named("", ("a", "b"))
    assert find("jeg talte med Holmgaard", people=people) == Named("", ("c", "d"))
    assert find("Hej Pia Dam, tak for sidst", people=people) == Named("b")
    assert find("Ulrik Holmgaard sagde det", people=people) == Named("d")
    assert find("Pia Elleskov og Kasper Rugbjerg var der") == Named("", ("pia", "kasper"))


def test_whom_the_text_is_written_to_goes_before_whom_it_mentions() -> None:
    assert find("Kære Pia Elleskov. Jeg har talt med Kasper Rugbjerg i går.") == Named("pia")


def test_a_word_of_our_own_vocabulary_is_no_misspelt_name() -> None:
    people = People({"a": "Ib Skovlyng"})
    people.notice("skovling", "skovling", True)
    assert people.find("", "en skovling", -1) == Named()


@pytest.mark.parametrize(
    ("one", "other", "letters"),
    [
        ("skovlyng", "skovlyng", 0), ("skovling", "skovlyng", 1), ("skovlyngs", "skovlyng", 1),
        ("skvolyng", "skovlyng", 1), ("skovlng", "skovlyng", 1), ("skoovlyng", "skovlyng", 1),
        ("skovbund", "skovlyng", 3), ("lyngskov", "skovlyng", 3),
    ],
)  # fmt: skip
def test_how_many_letters_a_name_is_off(one: str, other: str, letters: int) -> None:
    assert distance(one, other, 2) == letters


WORDS = st.lists(st.sampled_from(["Pia", "Elleskov", "Hej", "Ole", ".", "\n", "Mvh", "med", "x"]))


@given(WORDS, st.text(max_size=60))
def test_any_text_names_one_or_several_of_ours(words: list[str], rest: str) -> None:
    named = find(" ".join(words) + rest, rest)
    assert named.one == "" or named.one in NAMES
    assert set(named.several) <= set(NAMES)
    assert not (named.one and named.several)
