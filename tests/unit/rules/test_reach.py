"""Rules that can never take anything are refused; those that can are not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from router.config import load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused

DEFAULT = '  - {id: rest, default: true, to: borgerservice, why: {da: "a", en: b}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_configuration(tmp_path / "config")
    return tmp_path / "config"


def rule(name: str, when: str, to: str = "teknik") -> str:
    return f"  - {{id: {name}, when: {when}, to: {to}, why: {{da: a, en: b}}}}\n"


def told(folder: Path, *rules: str) -> str:
    """What the rules are refused for; "" when they are not."""
    (folder / "rules.yaml").write_text("rules:\n" + "".join(rules) + DEFAULT)
    try:
        load(folder)
    except ConfigurationRefused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    "when",
    [
        "{channel: web, not: {channel: [web, sms]}}",
        "{channel: {one_of: [web, sms], none_of: [web, sms]}}",
        "{menu: {given: false, is: teknik}}",
        "{flags: {has: complaint, has_none: [complaint]}}",
        "{says: {any_of: [rød bus], none_of: [rød bus, grøn bil]}}",
        "{confidence: {at_least: 0.7, below: 0.7}}",
        "{length: {above: 100, at_most: 50}}",
        "{to: {is: byg@x.dk, starts_with: vej}}",
        "{to: {starts_with: byg}, not: {to: {starts_with: byg}}}",
        '{postal_code: "3600", not: {postal_code: "3000-3999"}}',
        "{all: [{open_now: true}, {open_now: false}]}",
    ],
)
def test_contradictions(folder: Path, when: str) -> None:
    assert "asked to be two things at once" in told(folder, rule("never", when))


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        ("{confidence: {at_least: 0.5}}", "{confidence: {above: 0.5}}"),
        ("{length: {at_most: 100}}", "{length: {below: 100}, channel: web}"),
        ('{postal_code: "3600-3699"}', '{postal_code: {starts_with: "365"}}'),
        ('{kle: "02"}', '{kle: ["02.34", "02.35.01"]}'),
        ("{kle: {given: true}}", '{kle: "02.34.02"}'),
        ("{to: {ends_with: x.dk}}", "{to: [a@x.dk, b@x.dk]}"),
        ("{to: {starts_with: by}}", "{to: {starts_with: [byg, byr]}}"),
        ("{to: {given: true}}", "{to: {contains: '@'}}"),
        ("{to: {matches: 'byg@.*'}}", "{to: byg@x.dk}"),
        ("{channel: {none_of: [mail]}}", "{channel: [web, sms]}"),
        ("{not: {all: [{channel: web}, {open_now: true}]}}", "{open_now: false}"),
        ("{any: [{channel: web}, {open_now: true}]}", "{channel: web, group: erhverv}"),
        ("{flags: {has_none: [complaint]}}", "{flags: {has_none: [complaint, multiple_topics]}}"),
        (
            "{flags: [multiple_topics, complaint]}",
            "{flags: {has_all: [multiple_topics, contains_cpr]}}",
        ),
        ("{topic: {given: true}}", "{certainty: [sure, likely]}"),
        ("{flags: callback_requested}", "{callback_wanted: true}"),
    ],
)
def test_what_a_broader_rule_takes(folder: Path, broad: str, narrow: str) -> None:
    assert 'rule "broad" on line 2 takes it all' in told(
        folder, rule("broad", broad), rule("narrow", narrow)
    )
    assert told(folder, rule("narrow", narrow), rule("broad", broad)) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{any: {channel: web, group: erhverv}}", "{any: [{group: erhverv}, {channel: web}]}"),
        ("{not: {any: {channel: web, open_now: true}}}", "{channel: {is_not: web}, open_now: no}"),
        ("{any: [{channel: web}, {channel: sms}]}", "{channel: [sms, web]}"),
        ("{not: {not: {to: {starts_with: byg}}}}", "{to: {starts_with: byg}}"),
        ("{not: {length: {below: 10}}}", "{length: {at_least: 10}}"),
    ],
)
def test_the_same_said_otherwise(folder: Path, one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        assert "takes it all" in told(folder, rule("first", first), rule("second", second))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # The first names no department when the text points nowhere.
        ("{channel: web}, to: from_text", "{channel: web}"),
        ("{channel: web}, to: from_menu", "{channel: web, open_now: true}"),
        ("{open_department: {given: true}}, to: of_open_contact", "{open_department: teknik}"),
        ("{any: [{channel: web, open_now: true}, {channel: sms}]}, to: teknik", "{channel: web}"),
        ('{postal_code: "3600-3699"}, to: teknik', '{postal_code: {starts_with: "3"}}'),
        ("{confidence: {above: 0.5}}, to: teknik", "{confidence: {at_least: 0.5}}"),
        ("{language: {none_of: [da, en]}}, to: teknik", "{language: {none_of: [da]}}"),
        (
            "{flags: {has_none: [complaint, multiple_topics]}}, to: teknik",
            "{flags: {has_none: [complaint]}}",
        ),
        ("{to: {starts_with: byg}}, to: teknik", "{to: {starts_with: by}}"),
    ],
)
def test_what_can_be_reached_is_let_through(folder: Path, first: str, second: str) -> None:
    when, _, to = first.partition(", to: ")
    assert told(folder, rule("first", when, to), rule("second", second)) == ""


def test_several_rules_that_take_everything_together(folder: Path) -> None:
    halves = [rule("open", "{open_now: true}"), rule("closed", "{open_now: false}")]
    refused = told(folder, *halves, rule("late", "{channel: web}"))
    assert (
        'rule "late" can never be reached: rule "closed" on line 3 takes it all together' in refused
    )
    assert told(folder, halves[0], rule("late", "{channel: web}"), halves[1]) == ""
    each = [
        rule(name, f"{{channel: {name}, group: erhverv}}")
        for name in ("phone", "sms", "mail", "web")
    ]
    last = rule("late", "{group: erhverv, open_now: true}")
    assert told(folder, *each, last) == ""  # the desk is left
    assert "takes it all together" in told(
        folder, *each, rule("desk", "{channel: desk, group: erhverv}"), last
    )


def test_menus_that_are_all_taken_leave_those_who_chose_none(folder: Path) -> None:
    each = [rule(name, f"{{menu: {name}}}") for name in ("borgerservice", "familie", "teknik")]
    assert "can never be reached" in told(folder, *each, rule("late", "{menu: {given: true}}"))
    assert told(folder, *each, rule("late", "{menu: {given: false}}")) == ""


def test_a_hidden_rule_among_thousands_is_found_in_seconds(folder: Path) -> None:
    rules = [
        rule(f"r{n}", f"{{to: 'box{n}@x.dk', channel: [web, mail], length: {{above: {n}}}}}")
        for n in range(5000)
    ]
    rules.insert(4000, rule("hidden", "{to: 'box77@x.dk', channel: web, length: {above: 500}}"))
    begun = time.perf_counter()
    refused = told(folder, *rules)
    took = time.perf_counter() - begun
    assert refused.count("can never") == 1
    assert 'rule "hidden" can never be reached: rule "r77" on line 79 takes it all' in refused
    assert took < 60  # a few seconds; a busy machine is given time


def test_rules_that_resemble_each_other_do_not_make_loading_slow(folder: Path) -> None:
    rules = [
        rule(f"r{n}", f"{{any: [{{length: {{at_least: {n}}}}}, {{to: box{n}@x.dk}}]}}")
        for n in range(5000, 3500, -1)
    ]
    begun = time.perf_counter()
    assert told(folder, *rules) == ""
    assert time.perf_counter() - begun < 60
