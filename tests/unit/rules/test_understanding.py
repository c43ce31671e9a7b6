"""Danish as citizens write it, read with the demo's vocabulary and with small ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.understanding_speed import reader_of
from router.config import load
from router.model import Channel, Group
from router.rules import Decision, Facts
from router.rules.vocabulary import READ_LIMIT
from router.rules.wishes import Wish

MUNICIPALITY = load(Path(__file__).parents[3] / "config")
TABLE = MUNICIPALITY.rules


def decide(text: str, subject: str = "", channel: Channel = Channel.WEB) -> Decision:
    return TABLE.decide(Facts(channel=channel, subject=subject, text=text))


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("Hvornår kan jeg få svar på min byggetilladelse?", "byg"),
        ("byggetilladelsen er ikke kommet endnu", "byg"),
        ("Jeg søger om en carportbyggetilladelse", "byg"),
        ("FAERDIGMELDING AF TILBYGNING", "byg"),
        ("Der er rotter i haven hos min nabo", "miljo"),
        ("Gadelygten på Strandvej er slukket", "vej"),
        ("der er et kaempe hul i vejen ude foran 14", "vej"),
        ("I har ikke tømt vores skraldespand i to uger", "affald"),
        ("Min mor skal have en rollator og et nødkald", "aeldre"),
        ("vi mangler en vuggestueplads fra 1. marts", "dagtilbud"),
        ("Hvordan indskriver jeg min datter i skole? skoleindskrivning 0. klasse", "skole"),
        ("Jeg skal have fornyet mit pas inden ferien", "borgerservice"),
        ("mine sygedagpenge er ikke gået ind", "ydelse"),
        ("Jeg er sygemeldt og skal til samtale på jobcentret", "job"),
        ("Jeg vil søge bostøtte", "voksensocial"),
        ("genoptræning efter min knæoperation", "sundhed"),
        ("Vi vil booke hallen til vores forening", "kultur"),
        ("Hvor søger jeg alkoholbevilling til min café?", "erhverv"),
        ("Hvornår er næste byrådsmøde?", "sekretariat"),
        ("How do I apply for a building permit?", "byg"),
        ("Wir brauchen einen Kitaplatz für unsere Tochter", "dagtilbud"),
        ("أريد رخصة بناء", "byg"),
        ("Потрібен дитячий садок для сина", "dagtilbud"),
    ],
)
def test_department_by_everyday_words(text: str, department: str) -> None:
    assert decide(text).department == department


@pytest.mark.parametrize("text", ["", " \n\t", "hej", "?!?!", "1234", "\x00\ud800", "ok tak mvh"])
def test_what_says_nothing_goes_to_the_front_desk(text: str) -> None:
    decision = decide(text)
    assert decision.department == "borgerservice"
    assert decision.rule_id == "front-desk"
    assert decision.confidence == 0.0


def test_what_is_hardly_known_goes_to_the_front_desk_with_the_best_candidates() -> None:
    decision = decide("Det er om den blå dims fra i tirsdags, I ved nok")
    assert decision.department == "borgerservice"
    assert not decision.confident
    assert len(decision.candidates) == 3
    assert sum(probability for _, probability in decision.candidates) <= 1.0


def test_several_topics_are_told_with_their_departments() -> None:
    decision = decide("Vi søger byggetilladelse til carport. Desuden mangler vi en vuggestueplads.")
    assert "multiple_topics" in decision.flags
    assert {decision.department, *decision.secondary} == {"byg", "dagtilbud"}


def test_the_words_that_decided_are_told_and_are_our_own() -> None:
    decision = decide("Kære kommune, Knud Hemmeligmand her: min byggesag 77/2026 ligger stille")
    assert {"word": "byggesag", "department": "byg"} in decision.explanation["words"]
    told = str(decision.explanation)
    for private in ("Hemmeligmand", "Knud", "77/2026"):
        assert private not in told


def test_why_is_one_plain_sentence_in_both_languages() -> None:
    why = decide("Jeg søger byggetilladelse").explanation["why"]
    assert why["da"].startswith("Det ser ud til at handle om ")
    assert why["da"].endswith(", og det hører til Byggesager.")
    assert "byggetilladelse" in why["da"]
    assert why["en"].endswith("which belongs to Building Permits.")


@pytest.mark.parametrize(
    "text",
    [
        "Jeg er bekymret for et barn i min opgang",
        "Naboens børn bliver slået",
        "Min elev har blå mærker på armene igen",
        "Jeg vil lave en underretning om en familie",
        "der er en dreng på 6 år der går alene om natten",
        "faren er fuld hver dag og pigen er bange",
        "I am worried about a child next door, he screams every night",
        "Das Kind wird geschlagen",
        "الطفل يضربه أبوه",
        "BARNET SULTER",
        "jeg tror min niece bliver udsat for overgreb",
    ],
)
def test_concern_for_a_child_is_never_missed(text: str) -> None:
    decision = decide(text)
    assert "urgent_child_concern" in decision.flags
    assert decision.department == "familie"
    assert decision.rule_id == "child-concern"
    assert decision.priority == 100


@pytest.mark.parametrize(
    "text",
    [
        "Jeg har fået en underretning om partshøring i min byggesag",
        "Min søn har slået en tand i skolegården",
        "Mit barn skal have plads i børnehave",
        "Min datter skal have nyt pas",
        "Til underretning: festen er den 4. maj",
    ],
)
def test_ordinary_matters_with_children_are_no_alarm(text: str) -> None:
    assert "urgent_child_concern" not in decide(text).flags


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("Jeg vil klage over jeres sagsbehandling", "complaint"),
        ("I har stadig ikke tømt spanden", "complaint"),
        ("Ring til mig på 20 30 40 50", "callback_requested"),
        ("kan I ringe mig op i morgen", "callback_requested"),
        ("jeg beder om aktindsigt i sagen", "access_request"),
        ("hvor langt er I med min ansøgning", "status_request"),
        ("det haster", "acute"),
        ("jeg har brug for tolk", "interpreter_needed"),
        ("jeg er fritaget for digital post", "digitally_exempt"),
        ("jeg vil gerne være anonym", "anonymous"),
        ("mit cpr er 251248-9996", "contains_cpr"),
        ("min cpr 2512489996", "contains_cpr"),
        ("Hvor får jeg min årsopgørelse fra SKAT?", "not_our_authority"),
        ("You have won the lottery, claim your prize", "spam"),
        ("Jeg vil gerne tale med Ole Skovlyng", "names_caseworker"),
    ],
)
def test_flags(text: str, flag: str) -> None:
    assert flag in decide(text).flags


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I må ikke ringe til mig, skriv i stedet", "callback_requested"),
        ("Mit kundenummer er 4512169990", "contains_cpr"),
        ("Ring 12 34 56 78 90 12", "contains_cpr"),
        ("Tak for god hjælp", "complaint"),
    ],
)
def test_flags_that_must_not_be_set(text: str, flag: str) -> None:
    assert flag not in decide(text).flags


def test_other_authority_is_named_in_the_sentence() -> None:
    decision = decide("Jeg vil gerne søge boligstøtte")
    assert decision.explanation["authority"] == "udbetaling-danmark"
    assert decision.department == "borgerservice"
    assert "Udbetaling Danmark" in decision.explanation["why"]["da"]


def test_a_number_said_on_the_phone_is_there_to_be_called() -> None:
    assert "callback_requested" in decide("gadelys 20 30 40 50", channel=Channel.PHONE).flags
    assert "callback_requested" not in decide("gadelys 20 30 40 50", channel=Channel.MAIL).flags


@pytest.mark.parametrize(
    ("text", "department"),
    [
        ("byggetiladelse", "byg"), ("byggettilladelse", "byg"), ("byggetilledelse", "byg"),
        ("storskarld", "affald"), ("storskrld", "affald"), ("plejehjemet", "aeldre"),
    ],
)  # fmt: skip
def test_one_wrong_letter_in_a_long_word_is_forgiven(text: str, department: str) -> None:
    assert decide(text).department == department


@pytest.mark.parametrize(
    ("text", "caseworker"),
    [
        ("Til Gitte Bækgreve", "gitte-baekgreve"),
        ("Til Gite Bækgrev", "gitte-baekgreve"),
        ("gitte baekgreves sag", "gitte-baekgreve"),
        ("jeg talte med Skovlyng i går", "ole-skovlyng"),
        ("Camilla Brinkhoej lovede at ringe", "camilla-brinkhoej"),
        ("SANNE TRANELUND", "sanne-tranelund"),
    ],
)
def test_a_named_caseworker_gets_it(text: str, caseworker: str) -> None:
    decision = decide(text)
    assert decision.caseworker == caseworker
    assert decision.department == MUNICIPALITY.caseworkers[caseworker].department
    assert decision.rule_id == "caseworker-named"


def test_saying_a_word_again_makes_nothing_surer() -> None:
    one = decide("carport ved skellet").candidates
    assert decide("carport ved skellet carport ved skellet carport").candidates == one


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400), st.text(max_size=80), st.sampled_from(list(Channel)))
def test_any_text_gets_a_department_and_a_reason(text: str, subject: str, channel: Channel) -> None:
    decision = decide(text, subject, channel)
    assert decision.department in MUNICIPALITY.departments
    assert TABLE.trace(decision.explanation)[-1] == {"rule": decision.rule_id, "matched": True}
    assert 0.0 <= decision.confidence <= 1.0
    assert decision == decide(text, subject, channel)


def test_only_the_beginning_of_an_endless_text_is_read_and_it_says_so() -> None:
    long = decide("hej " * 250_000 + " byggetilladelse")
    assert long.explanation["cut"] is True
    assert long.department == "borgerservice"
    assert decide("byggetilladelse " + "hej " * 250_000).department == "byg"
    assert "cut" not in decide("hej byggetilladelse").explanation


READER = reader_of(MUNICIPALITY)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=300),
    st.sampled_from(
        ["ring kl. ", "Mvh ", "12 34 51 03 ", "Fra: a\n", "Pia ", "også ", "§ ", "\u202e"]
    ),
    st.booleans(),
)
def test_nothing_that_anybody_writes_upsets_the_reader(text: str, more: str, spoken: bool) -> None:
    found = READER.read(more, f"{text} {more}{text}", spoken=spoken, email=f"a@{text}", language="")
    assert found.certainty in ("sure", "likely", "unsure")
    assert found.topic == (found.candidates[0][0] if found.candidates else "")
    assert not (found.caseworker and found.caseworkers)
    assert found.topic not in found.secondary
    assert found.language
    assert all(set(word) & {"department", "flag", "not_flag", "authority", "group"} or word
               for word in found.words)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        " " * 1_000_000, "\n" * 1_000_000, "a" * 1_000_000, "æ" * 100_000,
        "\x00\u202e\ud800" * 300_000,
        "> \n" * 300_000, "12 34 " * 160_000, "ring kl. " * 110_000, "Pia " * 250_000,
        "(a) også; " * 90_000,
        " ".join(f"ord{number}x" for number in range(120_000)),
        " ".join(f"bygge{number:x}tilladelse".translate(str.maketrans("0123456789", "ghijklmnop"))
                 for number in range(60_000)),
    ],
    ids=["spaces", "lines", "one word", "one Danish word", "control", "quotes", "digits", "calling",
         "names", "lists", "new words", "new compounds"],
)  # fmt: skip
def test_a_megabyte_of_anything_costs_no_more_than_its_beginning(text: str) -> None:
    def seconds(part: str) -> float:
        start = time.thread_time()
        READER.read("", part)
        return time.thread_time() - start

    beginning = max(seconds(text[:READ_LIMIT]), seconds("hej " * 2_000), 1e-3)
    assert seconds(text) < 10 * beginning
    assert READER.read("", text).cut


def test_the_wish_to_be_called_comes_with_number_and_time() -> None:
    found = READER.read(
        "", "Ring til mig i morgen efter kl. 15 på 12 34 51 03, det er om hullet i vejen."
    )
    assert found.wish == Wish("+4512345103", "+1", "15:00", "")
    assert READER.read("", "Hullet i vejen er stort").wish is None


def test_numbers_of_companies_and_cases_are_told_apart() -> None:
    found = READER.read(
        "Sagsnr. 24/12345", "Vores ansøgning om skilte. CVR 12 34 56 78, EAN 5798000012345"
    )
    assert (found.cvr, found.ean) == ("12345678", "5798000012345")
    assert found.case_numbers == ("24/12345",)
    assert found.group is Group.COMPANY


@pytest.mark.parametrize(
    ("text", "email", "group"),
    [
        ("Vi er en lille forening der søger lokaler", "", Group.ASSOCIATION),
        ("Hvornår åbner hallen? Hilsen kasserer i badmintonklubben", "", Group.ASSOCIATION),
        ("Faktura vedhæftet.\nVenlig hilsen\nFjordens VVS ApS", "", Group.COMPANY),
        ("Må vi sætte borde ud?", "info@cafe-fjorden.dk", Group.COMPANY),
        ("Må vi låne nøglen?", "formand@skibby-spejderne.dk", Group.ASSOCIATION),
        ("Min mor skal have en rollator", "ib@gmail.com", None),
        ("Min mor skal have en rollator", "", None),
    ],
)
def test_who_sends_is_told_by_wording_number_and_mail_address(
    text: str, email: str, group: Group | None
) -> None:
    assert READER.read("", text, email=email).group is group


def test_kle_is_that_of_the_subject_unless_it_is_written() -> None:
    assert READER.read("", "Der er et stort hul i vejen").kle.startswith("05")
    assert READER.read("", "Der er et stort hul i vejen, KLE 27.36").kle == "27.36"


def test_quoted_mail_and_signature_do_not_decide() -> None:
    text = (
        "Jeg skal have fornyet mit pas inden ferien, hvad koster det hos jer?\n\n"
        "Med venlig hilsen\nIb\nSkoleleder\n\n"
        "Fra: Affald\nSendt: mandag\nTil: Ib\nEmne: skraldespand\n\nSpanden er tømt."
    )
    assert READER.read("", text).topic == "borgerservice"
