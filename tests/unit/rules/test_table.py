"""The table: order, operators, traces, targets. Small tables of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from router.config import load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused
from router.model import Channel, Group
from router.rules import Decision, Facts, History, RuleTable

DEMO = load(Path(__file__).parents[3] / "config")
DEFAULT = """
  - id: rest
    default: true
    to: borgerservice
    why: {da: "{department}", en: "{department}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_configuration(tmp_path / "config")
    return tmp_path / "config"


def table(folder: Path, when: str, to: str = "teknik") -> RuleTable:
    rule = f"  - id: one\n    when: {when}\n    to: {to}\n    why: {{da: a, en: b}}\n"
    (folder / "rules.yaml").write_text("rules:\n" + rule + DEFAULT)
    return load(folder).rules


def facts(**known: Any) -> Facts:
    return Facts(**{"channel": Channel.WEB, **known})


@pytest.mark.parametrize(
    ("when", "matching", "other"),
    [
        ("{channel: phone}", {"channel": Channel.PHONE}, {}),
        ("{channel: [phone, sms]}", {"channel": Channel.SMS}, {"channel": Channel.MAIL}),
        ("{channel: {is_not: web}}", {"channel": Channel.SMS}, {}),
        ("{channel: {none_of: [web, mail]}}", {"channel": Channel.SMS}, {"channel": "mail"}),
        ("{group: erhverv}", {"group": Group.COMPANY}, {"group": Group.CITIZEN}),
        ("{group: {given: false}}", {}, {"group": Group.CITIZEN}),
        ("{language: en}", {"language": "en"}, {"language": "da"}),
        ("{language: {none_of: [da, en]}}", {"language": "ar"}, {"language": "en"}),
        ("{to: Byg@x.dk}", {"to": "byg@X.dk"}, {"to": "by@x.dk"}),
        ("{to: {starts_with: byg@}}", {"to": "Byg@x.dk"}, {"to": "nybyg@x.dk"}),
        ("{to: {ends_with: [x.dk, y.dk]}}", {"to": "a@y.dk"}, {"to": "a@z.dk"}),
        ("{to: {contains: byg}}", {"to": "nybyg@x.dk"}, {"to": ""}),
        ("{to: {given: true}}", {"to": "x"}, {}),
        ("{menu: familie}", {"menu": "familie"}, {"menu": "teknik"}),
        ("{menu: {given: true}}", {"menu": "familie"}, {"menu": "no-such-department"}),
        ("{callback_wanted: true}", {"callback_wanted": True}, {}),
        ("{known_party: no}", {}, {"known_party": True}),
        ("{open_now: false}", {"open_now": False}, {}),
        ("{topic: familie}", {"text": "plejefamilie"}, {"text": "carport"}),
        ("{subject: vej}", {"text": "gadelygte"}, {"text": "carport"}),
        ("{certainty: unsure}", {}, {"text": "Jeg søger byggetilladelse til carport"}),
        ("{confidence: {at_least: 0.5}}", {"text": "byggetilladelse"}, {}),
        ("{confidence: {below: 0.5}}", {}, {"text": "byggetilladelse"}),
        ("{length: {above: 3}}", {"text": "fire"}, {"text": "tre"}),
        ("{length: {at_most: 3}}", {"text": "tre"}, {"text": "fire"}),
        ("{flags: complaint}", {"text": "jeg klager"}, {"text": "tak"}),
        ("{flags: [complaint, contains_cpr]}", {"text": "251248-9996"}, {"text": "tak"}),
        (
            "{flags: {has_all: [complaint, contains_cpr]}}",
            {"text": "klage 251248-9996"},
            {"text": "klage"},
        ),
        ("{flags: {has_none: [complaint]}}", {}, {"text": "klage"}),
        ("{flags: callback_requested}", {"callback_wanted": True}, {}),
        (
            "{caseworker_named: anne-eksempel}",
            {"text": "til Anne Eksempel"},
            {"text": "til kommunen"},
        ),
        ("{authority: udbetaling-danmark}", {"text": "boligstøtte"}, {"text": "carport"}),
        ("{says: [rød bus, grøn bil]}", {"text": "de grønne biler"}, {"text": "grøn bus"}),
        ("{says: {all_of: [rød bus, tog]}}", {"text": "røde busser, tog"}, {"text": "rød bus"}),
        ("{says: {none_of: [rød bus]}}", {}, {"text": "rød bus"}),
        ("{to: {is_not: byg@x.dk}}", {"to": "vej@x.dk"}, {"to": "BYG@x.dk"}),
        ("{to: {none_of: [a@x.dk, b@x.dk]}}", {}, {"to": "a@x.dk"}),
        ("{to: {matches: '(byg|vej)@.*'}}", {"to": "Vej@x.dk"}, {"to": "nyvej@x.dk"}),
        ("{to: {matches: '.*'}}", {"to": "x"}, {}),
        ('{postal_code: "3600"}', {"postal_code": "3600"}, {"postal_code": "3601"}),
        ("{postal_code: 3600}", {"postal_code": "3600"}, {}),
        ('{postal_code: ["3600", "3630-3650"]}', {"postal_code": "3650"}, {"postal_code": "3651"}),
        ('{postal_code: {starts_with: "36"}}', {"postal_code": "3699"}, {"postal_code": "3700"}),
        ('{postal_code: {none_of: ["3600-3699"]}}', {}, {"postal_code": "3640"}),
        ("{postal_code: {given: true}}", {"postal_code": "3600"}, {}),
        ('{postal_code: "3600"}', {"text": "Jeg bor på Vej 1, 3600 Frederikssund."}, {}),
        ('{kle: "02"}', {"kle": "02.34.02"}, {"kle": "03.34.02"}),
        ('{kle: "02.34"}', {"kle": "02.34"}, {"kle": "02.3"}),
        ('{kle: ["01", "02.34.02"]}', {"kle": "02.34.02"}, {"kle": "02.34.03"}),
        ('{kle: {none_of: ["02"]}}', {}, {"kle": "02.34.02"}),
        ("{kle: {given: true}}", {"kle": "02"}, {}),
        ("{case_number: {given: true}}", {"case_number": "26/123"}, {}),
        ("{case_number: {starts_with: 26/}}", {"case_number": "26/123"}, {"case_number": "25/1"}),
        (
            "{case_number: {matches: 's-\\d{4}'}}",
            {"case_number": "S-1234"},
            {"case_number": "S-12"},
        ),
        ("{email_domain: x.dk}", {"email": "a@X.dk"}, {"email": "a@y.x.dk"}),
        ("{email_domain: {ends_with: .gov.dk}}", {"email": "a@b.gov.dk"}, {"email": "a@gov.dk"}),
        ("{email_domain: {given: false}}", {}, {"email": "a@x.dk"}),
        ("{open_department: teknik}", {"history": History("teknik")}, {}),
        (
            "{open_caseworker: {given: true}}",
            {"history": History("borgerservice", "anne-eksempel")},
            {"history": History("borgerservice", "left-long-ago")},
        ),
        ("{coordinator: anne-eksempel}", {"history": History(coordinator="anne-eksempel")}, {}),
        (
            "{last_caseworker: {none_of: [anne-eksempel]}}",
            {},
            {"history": History(last_caseworker="anne-eksempel")},
        ),
        ("{channel: web, group: borger}", {"group": Group.CITIZEN}, {}),
        ("[{channel: web}, {group: borger}]", {"group": Group.CITIZEN}, {}),
        ("{any: [{channel: sms}, {group: borger}]}", {"group": Group.CITIZEN}, {}),
        ("{any: {channel: sms, group: borger}}", {"channel": Channel.SMS}, {}),
        ("{not: {channel: web}}", {"channel": Channel.SMS}, {}),
        ("{all: [{channel: web}, {not: {group: borger}}]}", {}, {"group": Group.CITIZEN}),
        (
            "{any: [{channel: web, group: borger},"
            " {not: {any: [{channel: web}, {group: forening}]}}]}",
            {"channel": Channel.SMS},
            {},
        ),
    ],
)
def test_operators(
    folder: Path, when: str, matching: dict[str, Any], other: dict[str, Any]
) -> None:
    rules = table(folder, when)
    assert rules.decide(facts(**matching)).rule_id == "one"
    assert rules.decide(facts(**other)).rule_id == "rest"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{chanel: web}", 'Did you mean "channel"?'),
        ("{channel: fax}", 'unknown channel "fax".'),
        ("{channel: {above: 3}}", 'unknown operator "above"'),
        ("{channel: {}}", "asks for nothing"),
        ("{channel: []}", "empty list"),
        ("{channel: {is: [web, sms]}}", '"is" takes one value'),
        ("{channel: null}", "was expected"),
        ("{open_now: maybe}", "true or false was expected"),
        ("{confidence: high}", "a number was expected"),
        ("{confidence: {at_least: .nan}}", "a number was expected"),
        ("{says: '!!!'}", "has no letters or digits"),
        ("{to: {matches: '(a'}}", "cannot be used"),
        ("{to: {matches: '(?=a)b'}}", "Look-ahead and back-references are left out"),
        ("{to: {matches: '(a)\\1'}}", "cannot be used"),
        ("{to: {matches: '" + "a" * 201 + "'}}", "longer than 200 characters"),
        ("{to: {matches: '((a{1,500}){1,500}){1,500}'}}", "cannot be used"),
        ("{to: {matches: [a, b]}}", '"matches" takes one value'),
        ("{postal_code: 36000}", "is no Danish postal code"),
        ("{postal_code: 3650-3600}", "is no Danish postal code"),
        ("{postal_code: {starts_with: x}}", "is no Danish postal code"),
        ("{kle: '2.34'}", "is no KLE number"),
        ("{language: dansk}", "is no language"),
        ("{sender_in: raad}", 'unknown list "raad"'),
        ("{open_department: tekni}", 'unknown department "tekni". Did you mean "teknik"?'),
        ("{coordinator: ane-eksempel}", 'Did you mean "anne-eksempel"?'),
        ("{to: [" + "x, " * 5001 + "]}", "at most 5000 can stand here"),
        ("{any: 3}", "was expected"),
        ("{not: [3]}", "was expected"),
        ("{}", "`when` is empty"),
        ("web", "was expected"),
        ("{all: " * 20 + "{channel: web}" + "}" * 20, "nested more than 12 deep"),
    ],
)
def test_conditions_that_are_refused(folder: Path, when: str, expected: str) -> None:
    with pytest.raises(ConfigurationRefused) as caught:
        table(folder, when)
    assert expected in str(caught.value)
    assert "rules.yaml:" in str(caught.value)


def test_first_match_wins_and_the_trace_tells_why_the_others_did_not() -> None:
    decision = DEMO.rules.decide(facts(text="Jeg søger byggetilladelse"))
    trace = DEMO.rules.trace(decision.explanation)
    assert [step["rule"] for step in trace] == [rule.id for rule in DEMO.rules.rules[: len(trace)]]
    assert trace[0]["failed"]["da"] == "teksten er ikke markeret »Akut bekymring for et barn«"
    assert trace[-1] == {"rule": "by-text", "matched": True}
    assert decision.table_version == DEMO.rules.version


def test_of_several_conditions_the_first_that_failed_is_told(folder: Path) -> None:
    rules = table(folder, "{channel: web, group: erhverv, open_now: false}")
    decision = rules.decide(facts(group=Group.CITIZEN))
    assert decision.explanation["tried"] == [1]
    assert rules.trace(decision.explanation) == [
        {
            "rule": "one",
            "failed": {
                "en": "the group is borger, not erhverv",
                "da": "målgruppen er borger, ikke erhverv",
            },
        },
        {"rule": "rest", "matched": True},
    ]


def test_menu_choice_is_followed_but_not_past_a_child_in_danger() -> None:
    chosen = DEMO.rules.decide(facts(menu="vej", text="byggetilladelse"))
    assert (chosen.department, chosen.rule_id, chosen.confidence) == ("vej", "chosen-in-menu", 1.0)
    child = DEMO.rules.decide(facts(menu="vej", text="et barn bliver slået"))
    assert child.department == "familie"
    unknown = DEMO.rules.decide(facts(menu="../../etc/passwd", text="byggetilladelse"))
    assert unknown.department == "byg"


def test_a_rule_whose_target_names_nobody_is_passed_over(folder: Path) -> None:
    rules = table(folder, "{channel: web}", to="from_menu")
    decision = rules.decide(facts())
    assert decision.rule_id == "rest"
    assert decision.explanation["tried"] == [-1]
    assert "names no department" in rules.trace(decision.explanation)[0]["failed"]["en"]


def test_a_fixed_caseworker_and_department(folder: Path) -> None:
    rules = table(
        folder, "{channel: web}", to="{department: borgerservice, caseworker: anne-eksempel}"
    )
    decision = rules.decide(facts())
    assert (decision.department, decision.caseworker) == ("borgerservice", "anne-eksempel")


def test_the_group_is_found_from_the_wording_unless_given() -> None:
    text = "Vores virksomhed Hansen ApS mangler svar"
    assert DEMO.rules.decide(facts(text=text)).group is Group.COMPANY
    assert DEMO.rules.decide(facts(text=text, group=Group.CITIZEN)).group is Group.CITIZEN
    assert DEMO.rules.decide(facts(text="hej")).group is None


def test_default_must_name_its_department_itself(folder: Path) -> None:
    file = folder / "rules.yaml"
    file.write_text("rules:\n  - {id: rest, default: true, to: from_text, why: {da: a, en: b}}\n")
    with pytest.raises(ConfigurationRefused, match='unknown department "from_text"'):
        load(folder)


def test_five_thousand_rules_with_one_error_are_told_apart(folder: Path) -> None:
    lines = [
        f"  - {{id: r{n}, when: {{to: 'box{n}@x.dk'}}, to: teknik, why: {{da: a, en: b}}}}\n"
        for n in range(5000)
    ]
    file = folder / "rules.yaml"
    file.write_text("rules:\n" + "".join(lines) + DEFAULT)
    rules = load(folder).rules
    assert rules.decide(facts(to="box4999@x.dk")).rule_id == "r4999"
    lines[4321] = lines[4321].replace("teknik", "tekni")
    file.write_text("rules:\n" + "".join(lines) + DEFAULT)
    with pytest.raises(ConfigurationRefused) as caught:
        load(folder)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].line == 4323
    lines[4321] = lines[100].replace("r100,", "again,")
    file.write_text("rules:\n" + "".join(lines) + DEFAULT)
    with pytest.raises(ConfigurationRefused, match='rule "r100" on line 102 takes it all'):
        load(folder)


def test_a_broader_rule_above_makes_a_narrower_one_unreachable(folder: Path) -> None:
    def rule(name: str, when: str) -> str:
        return f"  - {{id: {name}, when: {when}, to: teknik, why: {{da: a, en: b}}}}\n"

    file = folder / "rules.yaml"
    for broad, narrow in (
        ("{channel: [web, sms]}", "{channel: web, open_now: true}"),
        ("{menu: {given: true}}", "{menu: teknik}"),
        ("{flags: [complaint, contains_cpr]}", "{flags: complaint}"),
        ("{channel: {is_not: web}}", "{channel: {none_of: [web, sms]}}"),
    ):
        file.write_text("rules:\n" + rule("broad", broad) + rule("narrow", narrow) + DEFAULT)
        with pytest.raises(ConfigurationRefused, match='rule "broad" on line 2 takes it all'):
            load(folder)
        file.write_text("rules:\n" + rule("narrow", narrow) + rule("broad", broad) + DEFAULT)
        assert load(folder).rules.version


def test_the_decision_is_the_same_after_copying_the_folder(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[3] / "config", tmp_path / "other")
    other = load(tmp_path / "other")
    asked = facts(text="Jeg vil klage over min byggesag, ring til mig")
    here: Decision = DEMO.rules.decide(asked)
    assert other.rules.decide(asked) == here
