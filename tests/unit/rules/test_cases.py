"""Cases: examples that the rules are tried with whenever they load."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from router.config import load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused

RULES = """rules:
  - id: mail
    when: {channel: mail, group: erhverv}
    to: [{department: borgerservice, caseworker: anne-eksempel, skip_if: [full]}, teknik]
    why: {da: a, en: b}
    cases: MAIL
  - id: by-text
    when: {certainty: [sure, likely]}
    to: from_text
    why: {da: a, en: b}
    cases: TEXT
  - id: rest
    default: true
    to: borgerservice
    why: {da: a, en: b}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_starting_configuration(tmp_path / "config")
    return tmp_path / "config"


def told(folder: Path, mail: str = "[]", text: str = "[]", more: str = "") -> list[str]:
    rules = RULES.replace("MAIL", mail).replace("TEXT", text) + more
    (folder / "rules.yaml").write_text(rules)
    try:
        load(folder)
    except ConfigurationRefused as refused:
        return [str(problem) for problem in refused.problems]
    return []


def test_cases_that_come_out_as_expected(folder: Path) -> None:
    assert (
        told(
            folder,
            mail="[{channel: mail, group: erhverv, caseworker: anne-eksempel},"
            " {channel: mail, group: erhverv, full: [anne-eksempel], department: teknik,"
            " caseworker: none}]",
            text='["Der er hul i vejen", {text: plejefamilie, subject: plejefamilie,'
            " department: familie, no_flags: complaint}]",
            more="cases:\n  - {rule: rest, text: hej}\n"
            "  - {rule: mail, channel: mail, group: erhverv}\n",
        )
        == []
    )


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (
            "[{channel: web, group: erhverv}]",
            [
                'rules.yaml:6:13: this case expects rule "mail", but rule "rest" (rules.yaml:12)'
                ' took it and gave it to "borgerservice".',
                '"mail" did not fit: the channel is web, not mail (kanalen er web, ikke mail).',
            ],
        ),
        (
            "[{channel: mail, group: erhverv, department: teknik}]",
            ['expects the department "teknik", but rule "mail" gives it to "borgerservice".'],
        ),
        (
            "[{channel: mail, group: erhverv, full: anne-eksempel, caseworker: anne-eksempel}]",
            [
                'expects the caseworker "anne-eksempel", but rule "mail" asks "none".',
                "Passed over: anne-eksempel has as much as it can take",
            ],
        ),
        (
            "[{channel: mail, group: erhverv, flags: complaint}]",
            ["expects the flag complaint, which the text does not get"],
        ),
        (
            "[{channel: mail, group: erhverv, text: jeg klager, no_flags: [complaint]}]",
            ["expects no flag complaint, but the text gets it"],
        ),
    ],
)
def test_a_case_that_comes_out_otherwise_refuses_the_table(
    folder: Path, mail: str, expected: list[str]
) -> None:
    (problem,) = told(folder, mail=mail)
    for part in expected:
        assert part in problem


def test_a_rule_above_that_takes_a_case_is_named(folder: Path) -> None:
    (problem,) = told(folder, text='[{channel: mail, group: erhverv, text: "Der er hul i vejen"}]')
    assert 'but rule "mail" (rules.yaml:2) took it' in problem
    assert 'That rule stands above "by-text", and all of its conditions hold.' in problem


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("{chanel: web}", 'unknown field "chanel". Did you mean "channel"?'),
        ("{channel: fax}", 'unknown channel "fax"'),
        ("{menu: tekni}", 'unknown department "tekni". Did you mean "teknik"?'),
        ("{flags: complant}", 'Did you mean "complaint"?'),
        ("{caseworker: anne}", 'unknown caseworker "anne"'),
        ("{open_now: perhaps}", "true or false was expected"),
        ("[x]", "text was expected, not list"),
    ],
)
def test_what_is_wrong_with_a_case_is_said(folder: Path, case: str, expected: str) -> None:
    problems = told(folder, mail=f"[{case}]")
    assert any(expected in problem for problem in problems), problems


def test_a_case_of_the_table_names_its_rule(folder: Path) -> None:
    assert '"rule" is missing' in told(folder, more="cases:\n  - {text: hej}\n")[0]
    problems = told(folder, more="cases:\n  - {rule: rst, text: hej}\n")
    assert 'unknown rule "rst". Did you mean "rest"?' in problems[0]
    assert "fields with `text` and `rule` was expected" in told(folder, more="cases: [hej]\n")[0]


def test_many_failing_cases_are_not_all_told(folder: Path) -> None:
    many = "[" + ", ".join(["{channel: sms}"] * 50) + "]"
    problems = told(folder, mail=many)
    assert len(problems) == 21
    assert any("30 more cases come out otherwise" in problem for problem in problems)


def test_thousands_of_cases_are_cheap(folder: Path) -> None:
    rules = "".join(
        f"  - {{id: r{n}, when: {{to: 'box{n}@x.dk'}}, to: teknik, why: {{da: a, en: b}},"
        f" cases: [{{to: 'box{n}@x.dk'}}, {{to: 'Box{n}@x.dk', text: 'vej {n}'}}]}}\n"
        for n in range(2000)
    )
    (folder / "rules.yaml").write_text(
        "rules:\n" + rules + RULES.partition("  - id: rest")[2].join(["  - id: rest", ""])
    )
    begun = time.perf_counter()
    load(folder)
    assert time.perf_counter() - begun < 60  # a few seconds; a busy machine is given time
