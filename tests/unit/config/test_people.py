"""Caseworkers and departments of organisation.yaml: skills, letters, birthdays, absences."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import load
from router.config_init import write_starting_configuration
from router.config_people import ALPHABET, Absence, Caseworker, read_caseworkers
from router.config_source import ConfigurationRefused, Reading

DEPARTMENTS = ["byg", "vej"]


def read(tmp_path: Path, *people: str) -> tuple[dict[str, Caseworker], list[str]]:
    """Caseworkers from flow mappings; and what was wrong."""
    lines = "".join(f"  - {{{person}}}\n" for person in people)
    (tmp_path / "people.yaml").write_text("caseworkers:\n" + lines)
    reading = Reading(tmp_path)
    top = reading.file("people.yaml")
    assert top is not None
    found = read_caseworkers(
        top.need("caseworkers"), DEPARTMENTS, ["phone"], lambda item, address: None
    )
    return found, [str(problem) for problem in reading.problems]


OLE = "name: Ole Å, department: byg, mail: o@x.dk"
PIA = "name: Pia B, department: byg, mail: p@x.dk"


def test_all_that_can_be_said_of_a_caseworker(tmp_path: Path) -> None:
    found, problems = read(
        tmp_path,
        f'{OLE}, skills: [bbr, hegn], letters: ["A-C", Ø-Å], birthdays: ["1-3", 31], works: phone,'
        " capacity: 7, deputy: Pia B, absent: [{from: 2026-12-21, until: 2027-01-01},"
        " {from: 2027-07-05, until: 2027-07-05, deputy: Pia B}]",
        PIA,
    )
    assert problems == []
    assert found["ole-aa"] == Caseworker(
        id="ole-aa",
        name="Ole Å",
        department="byg",
        mail="o@x.dk",
        deputy="pia-b",
        skills=frozenset({"bbr", "hegn"}),
        letters=frozenset("ABCØÅ"),
        birthdays=frozenset({1, 2, 3, 31}),
        works="phone",
        absent=(
            Absence(date(2026, 12, 21), date(2027, 1, 1)),
            Absence(date(2027, 7, 5), date(2027, 7, 5), "pia-b"),
        ),
        capacity=7,
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('letters: "F-A"', 'letters like "A-F" or "Å" (Æ, Ø and Å come last) was expected'),
        ('letters: "Å-A"', "come last"),
        ('letters: "A-4"', "come last"),
        ('birthdays: "0-4"', 'days of the month like "1-10" was expected'),
        ('birthdays: "20-32"', "days of the month"),
        ('birthdays: "9-3"', "days of the month"),
        ("skills: [Gode Ord]", "is no id"),
        ("works: nights", 'unknown calendar "nights"'),
        ("capacity: 0", "not between 1 and"),
        ("deputy: Nobody Here", 'unknown caseworker "nobody-here"'),
        ("deputy: Ole Å", "nobody is their own deputy"),
        ("absent: [{from: 2026-12-21}]", '"until" is missing'),
        ("absent: [{from: 21/12, until: 2026-12-22}]", "a date like 2026-12-23 was expected"),
        ("absent: [{from: 2026-12-21, until: 2026-12-20}]", "ends (2026-12-20) before it begins"),
        ("absent: [{from: 2026-12-21, until: 2026-12-22, deputy: Nobody}]", "unknown caseworker"),
        ("shoes: 43", 'unknown field "shoes"'),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, more: str, expected: str) -> None:
    _, problems = read(tmp_path, f"{OLE}, {more}")
    assert len(problems) == 1
    assert expected in problems[0]
    assert problems[0].startswith("people.yaml:2:")


def test_colleagues_cannot_share_a_letter_or_a_day(tmp_path: Path) -> None:
    _, problems = read(tmp_path, f'{OLE}, letters: "A-F"', f'{PIA}, letters: "F-K"')
    assert problems == ["people.yaml:3:59: letters: F is already Ole Å's in this department."]
    _, problems = read(tmp_path, f'{OLE}, birthdays: "1-10"', f'{PIA}, birthdays: "10-31"')
    assert "birthdays: 10 is already Ole Å's" in problems[0]
    other = PIA.replace("byg", "vej")
    assert read(tmp_path, f'{OLE}, letters: "A-F"', f'{other}, letters: "A-F"')[1] == []


@given(first=st.sampled_from(ALPHABET), last=st.sampled_from(ALPHABET))
def test_ranges_follow_the_danish_alphabet(
    tmp_path_factory: pytest.TempPathFactory, first: str, last: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    found, problems = read(folder, f'{OLE}, letters: "{first.lower()}-{last}"')
    start, end = ALPHABET.index(first), ALPHABET.index(last)
    assert bool(problems) == (start > end)
    if not problems:
        assert found["ole-aa"].letters == set(ALPHABET[start : end + 1])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "mailbox: teknik@kommune.example",
            "mailbox: no-reply@kommune.example",
            'the mailbox "no-reply@kommune.example" is one that nobody reads',
        ),
        (
            "    mailbox: teknik@kommune.example           # PLACEHOLDER\n",
            "",
            'department "teknik": "mailbox" is missing: the address at which',
        ),
        (
            "    hours: phone\n    menu_key: 3\n",
            "    menu_key: 3\n",
            '"hours" is missing: a calendar of hours.yaml (phone)',
        ),
        ("menu_key: 3\n    deputy: borgerservice\n", "menu_key: 3\n", '"deputy" is missing'),
        ("menu_key: 3\n", "menu_key: 3\n    capacity: none\n", "a number was expected"),
    ],
)
def test_departments_that_cannot_take_a_contact_are_refused(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    folder = tmp_path / "config"
    write_starting_configuration(folder)
    file = folder / "departments/organisation.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ConfigurationRefused) as caught:
        load(folder)
    assert expected in str(caught.value)
