"""Explanations: compact, without personal data, told in plain sentences, also years later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from router.config import load
from router.config_init import write_starting_configuration
from router.model import Channel, Group
from router.rules import Facts, History, RuleTable, trace_from_card

DEFAULT = '  - {id: rest, default: true, to: borgerservice, why: {da: "a", en: b}}\n'
LISTS = "lists:\n  - {id: raad, name: {da: Rådet, en: Council}, mail: [a@raad.dk]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_configuration(tmp_path / "config")
    (tmp_path / "config/lists.yaml").write_text(LISTS)
    return tmp_path / "config"


def table(folder: Path, when: str, to: str = "teknik") -> RuleTable:
    rule = f"  - {{id: one, when: {when}, to: {to}, why: {{da: a, en: b}}}}\n"
    (folder / "rules.yaml").write_text("rules:\n" + rule + DEFAULT)
    return load(folder).rules


def facts(**known: Any) -> Facts:
    return Facts(**{"channel": Channel.MAIL, **known})


@pytest.mark.parametrize(
    ("when", "known", "danish", "english"),
    [
        ("{channel: phone}", {}, "kanalen er mail, ikke phone", "the channel is mail, not phone"),
        (
            "{channel: [phone, sms, web]}",
            {},
            "kanalen er mail, ikke phone, sms eller web",
            "the channel is mail, not phone, sms or web",
        ),
        (
            "{channel: {none_of: [mail, web]}}",
            {},
            "kanalen er mail, og det er undtaget",
            "the channel is mail, which is left out",
        ),
        (
            "{menu: teknik}",
            {"menu": "familie"},
            "menuvalget er »Familie og Børn«, ikke »Teknik og Miljø«",
            "the menu choice is “Family and Children”, not “Technical Services and Environment”",
        ),
        (
            "{menu: teknik}",
            {},
            "menuvalget er ikke angivet, reglen gælder »Teknik og Miljø«",
            "the menu choice is not given, the rule is for “Technical Services and Environment”",
        ),
        (
            "{menu: {given: true}}",
            {},
            "menuvalget er ikke angivet",
            "the menu choice is not given",
        ),
        (
            "{menu: {given: false}}",
            {"menu": "familie"},
            "menuvalget er angivet (»Familie og Børn«)",
            "the menu choice is given (“Family and Children”)",
        ),
        (
            "{open_now: false}",
            {},
            "det er i åbningstiden",
            "it is within opening hours",
        ),
        (
            "{known_party: true}",
            {},
            "afsenderen er ikke kendt i forvejen",
            "the sender is not known from before",
        ),
        (
            "{flags: complaint}",
            {},
            "teksten er ikke markeret »Klage«",
            "the text is not marked “Complaint”",
        ),
        (
            "{flags: {has_none: [contains_cpr, complaint]}}",
            {"text": "jeg klager"},
            "teksten er markeret »Klage«, og det er undtaget",
            "the text is marked “Complaint”, which is left out",
        ),
        (
            "{says: [rød bus, grøn bil]}",
            {"text": "en hemmelighed"},
            "teksten siger ikke »rød bus« eller »grøn bil«",
            "the text does not say “rød bus” or “grøn bil”",
        ),
        (
            "{sender_in: raad}",
            {"email": "b@raad.dk"},
            "afsenderen står ikke på listen »Rådet«",
            "the sender is not on the list “Council”",
        ),
        (
            "{not: {sender_in: raad}}",
            {"email": "A@raad.dk"},
            "afsenderen står på listen »Rådet«, og det er undtaget",
            "the sender is on the list “Council”, which is left out",
        ),
        (
            "{to: {starts_with: byg@}}",
            {"to": "vej@x.dk"},
            "nummeret eller adressen begynder ikke med byg@",
            "the number or address does not begin with byg@",
        ),
        (
            "{not: {to: {contains: vej}}}",
            {"to": "vej@x.dk"},
            "nummeret eller adressen indeholder vej, og det er undtaget",
            "the number or address contains vej, which is left out",
        ),
        (
            "{confidence: {at_least: 0.5}}",
            {},
            "sikkerheden i tal er 0, ikke mindst 0,5",
            "the confidence is 0, not at least 0.5",
        ),
        (
            '{postal_code: "3600-3650"}',
            {"postal_code": "2900"},
            "postnummeret er ikke 3600-3650",
            "the postal code is not 3600-3650",
        ),
        (
            '{kle: "02.34"}',
            {"kle": "02.35.01"},
            "KLE-nummeret hører ikke til 02.34",
            "the KLE number does not belong to 02.34",
        ),
        (
            "{any: [{channel: sms}, {group: erhverv, open_now: false}]}",
            {},
            "intet af dette passer: kanalen er sms; målgruppen er erhverv og det er uden for"
            " åbningstiden",
            "none of this holds: the channel is sms; the group is erhverv and it is outside"
            " opening hours",
        ),
        (
            "{any: [{open_now: true, channel: sms},"
            " {not: {any: [{open_now: true}, {open_now: no}]}}]}",
            {},
            "intet af dette passer: det er i åbningstiden og kanalen er sms; aldrig",
            "none of this holds: it is within opening hours and the channel is sms; never",
        ),
        (
            "{coordinator: {given: true}}",
            {"history": History(coordinator="somebody-who-left")},
            "den koordinerende sagsbehandler er ikke angivet",
            "the coordinating caseworker is not given",
        ),
        (
            "{open_caseworker: {is_not: anne-eksempel}}",
            {"history": History("borgerservice", "anne-eksempel")},
            "sagsbehandleren med den åbne henvendelse er »Anne Eksempel«, og det er undtaget",
            "the caseworker with the open contact is “Anne Eksempel”, which is left out",
        ),
    ],
)
def test_sentences(
    folder: Path, when: str, known: dict[str, Any], danish: str, english: str
) -> None:
    rules = table(folder, when)
    explanation = rules.decide(facts(**known)).explanation
    step = rules.trace(explanation)[0]
    assert step == {"rule": "one", "failed": {"da": danish, "en": english}}


def test_a_rule_that_names_nobody_is_told_so(folder: Path) -> None:
    rules = table(folder, "{channel: mail}", to="from_menu")
    explanation = rules.decide(facts()).explanation
    assert explanation["tried"] == [-1]
    assert rules.trace(explanation) == [
        {
            "rule": "one",
            "failed": {
                "da": "reglen passer, men peger ikke på en afdeling",
                "en": "the rule fits, but names no department",
            },
        },
        {"rule": "rest", "matched": True},
    ]


def test_nothing_of_the_sender_is_in_an_explanation(folder: Path) -> None:
    rules = table(folder, "{sender_in: raad, case_number: {matches: 'x.*'}}")
    secret = {
        "text": "Hemmeligt budskab fra Kirsten, 251248-9996, ring 12345678, sag 26-1234",
        "subject": "Fortroligt",
        "name": "Kirsten Privatsen",
        "email": "kirsten@privatsen.dk",
        "phone": "+4512345678",
        "cvr": "12345678",
        "case_number": "26/998877",
    }
    explanation = rules.decide(facts(**secret)).explanation
    told = json.dumps([explanation, rules.trace(explanation)], ensure_ascii=False).lower()
    for word in ("hemmelig", "kirsten", "privatsen", "251248", "12345678", "fortrolig", "998877"):
        assert word not in told


def test_an_old_contact_is_explained_by_the_card_of_its_table(folder: Path) -> None:
    rules = table(folder, "{menu: familie, group: [erhverv, forening], says: rød bus}")
    asked = facts(menu="familie", group=Group.CITIZEN, text="grøn bus")
    # As the ledger keeps them.
    explanation = orjson.loads(orjson.dumps(rules.decide(asked).explanation))
    card = orjson.loads(orjson.dumps(rules.card()))
    table(folder, "{channel: web}")
    told = trace_from_card(card, explanation)
    assert told == rules.trace(rules.decide(asked).explanation)
    assert told[0]["failed"]["da"] == "målgruppen er borger, ikke erhverv eller forening"
    assert card["version"] == rules.version
    assert trace_from_card(card, {"tried": [99, 0]}) == [
        {"rule": "one", "failed": {"da": "reglen passede ikke", "en": "the rule did not fit"}},
        {"rule": "rest", "failed": {"da": "reglen passede ikke", "en": "the rule did not fit"}},
    ]
    assert trace_from_card(card, {}) == [{"rule": "one", "matched": True}]


def test_the_explanation_keeps_what_replay_needs(folder: Path) -> None:
    rules = table(folder, "{channel: web}")
    asked = facts(
        to="kontakt@kommune.example",
        menu="familie",
        group=Group.COMPANY,
        language="en",
        callback_wanted=True,
        known_party=True,
        open_now=False,
        kle="02.34",
        postal_code="3600",
        history=History("teknik", "anne-eksempel"),
    )
    kept = rules.decide(asked).explanation["facts"]
    history = History(**kept.pop("history"))
    kept["channel"], kept["group"] = Channel(kept["channel"]), Group(kept["group"])
    assert Facts(**kept, history=history) == asked


def test_plan_skips_and_promise_are_told(folder: Path) -> None:
    to = "[{department: borgerservice, caseworker: anne-eksempel, wait: 1h 30m}, teknik]"
    rules = table(folder, "{channel: mail}", to=to)
    decision = rules.decide(facts())
    assert decision.explanation["plan"] == [
        {"department": "teknik", "caseworker": None, "minutes": None}
    ]
    assert decision.wait is not None
    assert decision.wait.total_seconds() == 90 * 60
    assert "skipped" not in decision.explanation
