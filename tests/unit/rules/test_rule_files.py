"""What a rule may answer, rules in a folder of files, lists of senders: read and refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from router.config import Municipality, load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused
from router.model import Channel, PromiseKind
from router.rules import Facts, PromiseOrder
from router.rules.reading_words import read_wait

DEFAULT = '  - {id: rest, default: true, to: borgerservice, why: {da: "a", en: b}}\n'
PEOPLE = """
  - {name: Bo Bang, department: teknik, mail: bo@x.dk, skills: [hegn], letters: "A-K"}
  - {name: Ib Berg, department: teknik, mail: ib@x.dk, deputy: Bo Bang}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_configuration(tmp_path / "config")
    people = tmp_path / "config/departments/organisation.yaml"
    people.write_text(people.read_text().rstrip() + PEOPLE)
    return tmp_path / "config"


def rule(name: str, when: str = "{channel: web}", to: str = "teknik", more: str = "") -> str:
    return f"  - {{id: {name}, when: {when}, to: {to}, why: {{da: a, en: b}}{more}}}\n"


def write(folder: Path, *rules: str) -> Path:
    (folder / "rules.yaml").write_text("rules:\n" + "".join(rules) + DEFAULT)
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationRefused) as caught:
        load(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("tekni", 'unknown department "tekni". Did you mean "teknik"?'),
        ("[]", "`to` is an empty list"),
        ("of_caseworker", "`of_caseworker` needs to know of which"),
        ("{department: of_caseworker, caseworker: round_robin}", "needs one caseworker: named"),
        ("{department: teknik, caseworker: namd}", 'Did you mean "named"?'),
        ("{department: teknik, caseworker: ib-brg}", 'Did you mean "ib-berg"?'),
        ("{department: familie, caseworker: ib-berg}", 'Ib Berg works in "teknik", not in'),
        ("{department: teknik, caseworker: ib-berg, skill: hegn}", 'has not the skill "hegn"'),
        ("{department: teknik, skill: hgn}", 'unknown skill "hgn". Did you mean "hegn"?'),
        ("{department: familie, skill: hegn}", 'nobody in "familie" has the skill "hegn"'),
        ("{department: teknik, caseworker: by_birthday}", 'nobody in "teknik" has `birthdays`'),
        ("{department: familie, caseworker: least_loaded}", '"familie" has no caseworkers'),
        ("{department: teknik, wait: soon}", 'working time like "2h"'),
        ("{department: teknik, wait: 0m}", 'working time like "2h"'),
        ("{department: teknik, wait: 999h}", "at most 200h"),
        ("{department: teknik, skip_if: busy}", 'unknown reason "busy"'),
        ("{department: teknik, skip: full}", 'unknown field "skip". Did you mean "skip_if"?'),
        ("[teknik, familie]", 'nothing after this target is ever asked: "teknik" takes it always'),
        ("[" + "{department: teknik, wait: 1h}, " * 21 + "]", "has 21 targets; at most 20"),
    ],
)
def test_targets_that_are_refused(folder: Path, to: str, expected: str) -> None:
    assert expected in refusal(write(folder, rule("one", to=to)))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (", promise: {kind: call, within_days: 2}", 'unknown kind of promise "call"'),
        (", promise: {kind: callback}", "give either `within_hours` or `within_days`"),
        (", promise: {kind: answer, within_hours: 2, within_days: 1}", "give either"),
        (", promise: {kind: answer, within_days: 900}", "not between 0 and 60"),
        (", forward_to: udbetaling-dnmark", 'Did you mean "udbetaling-danmark"?'),
        (", tell: {da: 'Ring {fone}', en: x}", "unknown {fone} in `tell`"),
        (", tell: {da: x}", '"en" is missing'),
        (", role: boss", 'unknown role "boss"'),
    ],
)
def test_answers_that_are_refused(folder: Path, more: str, expected: str) -> None:
    assert expected in refusal(write(folder, rule("one", more=more)))


def test_what_a_rule_answers(folder: Path) -> None:
    more = (
        ", priority: 7, role: partner, forward_to: udbetaling-danmark,"
        " promise: {kind: callback, within_hours: 4}, tell: {da: 'Se {department}', en: x}"
    )
    decision = load(write(folder, rule("one", more=more))).rules.decide(Facts(Channel.WEB))
    assert (decision.priority, decision.role) == (7, "partner")
    assert decision.promise == PromiseOrder(PromiseKind.CALLBACK, within_hours=4)
    assert decision.forward_to == "udbetaling-danmark"
    assert decision.tell["da"] == "Se Teknik og Miljø"
    assert decision.confident


def test_the_authority_found_in_the_text_is_forwarded_to(folder: Path) -> None:
    table = load(write(folder, rule("one", more=", forward_to: found"))).rules
    assert table.decide(Facts(Channel.WEB, text="boligstøtte")).forward_to == "udbetaling-danmark"
    assert table.decide(Facts(Channel.WEB, text="hej")).forward_to == ""


def test_the_default_takes_everything(folder: Path) -> None:
    for to, expected in (
        ("from_text", 'unknown department "from_text"'),
        ("[teknik, familie]", "it has one department that takes everything"),
        ("{department: teknik, skip_if: closed}", "no `wait` and no `skip_if`"),
        ("{department: teknik, wait: 2h}", "no `wait` and no `skip_if`"),
    ):
        (folder / "rules.yaml").write_text(
            f"rules:\n  - {{id: rest, default: true, to: {to}, why: {{da: a, en: b}}}}\n"
        )
        assert expected in refusal(folder)


def test_a_default_with_a_mistake_is_not_also_missing(folder: Path) -> None:
    (folder / "rules.yaml").write_text(
        "rules:\n  - {id: rest, default: true, to: nowhere, why: {da: a, en: b}}\n"
    )
    told = refusal(folder)
    assert "1 problem" in told
    assert 'unknown department "nowhere"' in told


def test_rules_in_a_folder_are_read_in_name_order(folder: Path) -> None:
    (folder / "rules.yaml").unlink()
    (folder / "rules").mkdir()
    (folder / "rules/20-last.yaml").write_text("rules:\n" + DEFAULT)
    (folder / "rules/10-first.yaml").write_text("rules:\n" + rule("one"))
    table = load(folder).rules
    assert [one.id for one in table.rules] == ["one", "rest"]
    version = table.version
    (folder / "rules/15-between.yaml").write_text("rules:\n" + rule("two", "{channel: sms}"))
    table = load(folder).rules
    assert [one.id for one in table.rules] == ["one", "two", "rest"]
    assert table.version != version
    (folder / "rules/15-between.yaml").write_text("rules:\n" + rule("one", "{channel: sms}"))
    assert (
        'rules/15-between.yaml:2:5: the rule id "one" is already used on line 2 of'
        " rules/10-first.yaml" in refusal(folder)
    )
    (folder / "rules/15-between.yaml").write_text("rules:\n" + rule("two"))
    assert 'rule "one" on line 2 of rules/10-first.yaml takes it all' in refusal(folder)
    (folder / "rules/15-between.yaml").unlink()
    (folder / "rules/30-late.yaml").write_text("rules:\n" + rule("late", "{channel: sms}"))
    assert 'it comes after the default "rest"' in refusal(folder)


def test_rules_in_both_places_are_refused(folder: Path) -> None:
    (folder / "rules").mkdir()
    (folder / "rules/10.yaml").write_text("rules:\n" + DEFAULT)
    told = refusal(folder)
    assert "there are rules in rules.yaml and in the folder rules/" in told
    assert "1 problem" in told


def test_one_mistake_on_every_line_is_not_told_five_thousand_times(folder: Path) -> None:
    told = refusal(write(folder, *(rule(f"r{n}", to="nowhere") for n in range(5000))))
    assert "The configuration has 5000 problems" in told
    assert "... and 4940 more" in told
    assert told.count("\n") < 70


def in_lists(municipality: Municipality, **known: str) -> bool:
    decision = municipality.rules.decide(Facts(Channel.MAIL, **known))  # type: ignore[arg-type]
    return decision.rule_id == "one"


def test_lists_of_senders(folder: Path) -> None:
    (folder / "lists.yaml").write_text(
        "lists:\n"
        "  - {id: raad, name: {da: a, en: b}, mail: [Formand@Raad.dk], domains: [presse.dk],\n"
        "     phones: ['+45 12 34 56 78'], cvr: ['10 20 30 40']}\n"
        "  - {id: other, name: {da: a, en: b}, domains: [x.dk]}\n"
    )
    municipality = load(write(folder, rule("one", "{sender_in: raad}")))
    for known in (
        {"email": "formand@raad.DK"},
        {"email": "a@presse.dk"},
        {"email": "a@avis.presse.dk"},
        {"phone": "+4512345678"},
        {"cvr": "10203040"},
        {"text": "Vi er et firma, CVR 10203040"},
    ):
        assert in_lists(municipality, **known), known
    for known in (
        {"email": "anden@raad.dk"},
        {"email": "a@nypresse.dk"},
        {"email": "a@x.dk"},
        {"phone": "+4512345679"},
        {},
    ):
        assert not in_lists(municipality, **known), known
    with_list = municipality.rules.version
    (folder / "lists.yaml").write_text(
        (folder / "lists.yaml").read_text().replace("presse.dk", "avis.dk")
    )
    assert load(folder).rules.version != with_list


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("mail: [nobody]", 'a mail address like "navn@example.dk" was expected'),
        ("domains: [a@b.dk]", 'a domain like "example.dk" was expected'),
        ("phones: [12345678]", 'a number like "+4547351000" was expected'),
        ("cvr: [1234]", "a CVR number of 8 digits was expected"),
        ("fax: [1]", 'unknown field "fax"'),
        ("note: x", 'list "raad" is empty'),
    ],
)
def test_lists_that_are_refused(folder: Path, entry: str, expected: str) -> None:
    (folder / "lists.yaml").write_text(
        f"lists:\n  - {{id: raad, name: {{da: a, en: b}}, {entry}}}\n"
    )
    assert expected in refusal(folder)


def test_a_list_that_is_not_there(folder: Path) -> None:
    (folder / "lists.yaml").write_text(
        "lists: [{id: raad, name: {da: a, en: b}, cvr: ['12345678']}]\n"
    )
    told = refusal(write(folder, rule("one", "{sender_in: rad}")))
    assert 'unknown list "rad". Did you mean "raad"?' in told


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("2h", 120), ("30m", 30), ("1h 30m", 90), ("1h30min", 90), (" 45 M ", 45)],
)
def test_waits(folder: Path, written: str, minutes: int) -> None:
    table = load(write(folder, rule("one", to=f"{{department: teknik, wait: '{written}'}}"))).rules
    assert table.rules[0].targets[0].wait == timedelta(minutes=minutes)
    assert read_wait.__doc__
