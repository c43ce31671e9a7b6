"""Rosters: read, refused with their place when wrong, and usual ones without a file."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from router.capacity import USUAL, slots_on
from router.config import load
from router.config_source import ConfigurationRefused

DEMO = Path(__file__).parents[3] / "config"

ROSTER = """\
slot_minutes: 20
handling_minutes: 7.5
usual: {staff: 1, share: 25}
departments:
  - department: byg
    slot_minutes: 60
    duties:
      - {days: [monday, tuesday], hours: ["08:00-10:00", "12:00-14:00"], staff: 2, share: 50}
      - {days: friday, staff: 1, share: 100}
    away:
      - {from: 2026-11-24, until: 2026-11-25, staff: 1, note: Course}
      - {from: 2026-12-01, until: 2026-12-01, staff: all}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO, tmp_path / "config"))


def rooms(folder: Path, department: str, day: date) -> list[int]:
    municipality = load(folder)
    roster = municipality.rosters[department]
    calendar = municipality.departments[department].hours
    return [n for _, n in slots_on(roster, municipality.hours, calendar, day, roster.handling)]


def test_what_a_roster_says(folder: Path) -> None:
    (folder / "roster.yaml").write_text(ROSTER)
    # Two people, half of their time, 7½ minutes a call: 8 an hour; one of them is away on
    # Tuesday. Open from 8 to 15 on both days, from 8 to 13 on Friday.
    assert rooms(folder, "byg", date(2026, 11, 23)) == [8, 8, 0, 0, 8, 8, 0]
    assert rooms(folder, "byg", date(2026, 11, 24)) == [4, 4, 0, 0, 4, 4, 0]
    assert rooms(folder, "byg", date(2026, 11, 25)) == [0] * 7
    assert rooms(folder, "byg", date(2026, 11, 27)) == [8] * 5
    assert rooms(folder, "byg", date(2026, 12, 1)) == [0] * 7
    # A quarter of one person in 20 minutes: 5 minutes, so two calls in three of them.
    assert rooms(folder, "vej", date(2026, 11, 23))[:6] == [0, 1, 1, 0, 1, 1]


def test_without_a_file_everybody_has_the_usual_one(folder: Path) -> None:
    (folder / "roster.yaml").unlink()
    municipality = load(folder)
    assert set(municipality.rosters) == set(municipality.departments)
    assert all(roster is USUAL for roster in municipality.rosters.values())
    assert USUAL.slot == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("department: byg", "department: bygg", 5, 'Did you mean "byg"'),
        ("  - department: byg\n", "  - department: vej\n  - department: vej\n", 6, "already has"),
        ("slot_minutes: 20", "slot_minutes: 3", 1, "not between 5 and 240"),
        ("handling_minutes: 7.5", "handling_minutes: 0", 2, "not between"),
        ("usual: {staff: 1, share: 25}", "note: x", 1, '"usual" is missing'),
        ("share: 25", "share: 250", 3, "not between 0 and 100"),
        ("staff: 2", "staff: -1", 8, "not between 0 and 500"),
        ("[monday, tuesday]", "[mandag]", 8, "unknown weekday"),
        ('"08:00-10:00"', '"10:00-08:00"', 8, "ends before it begins"),
        ("from: 2026-11-24", "from: 24/11", 11, "a date like"),
        ("until: 2026-11-25", "until: 2026-11-23", 11, "ends before it begins"),
        ("staff: all", "staff: none", 12, "a number was expected"),
        ("friday", "friday, hour: 8", 9, 'unknown field "hour"'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    folder: Path, old: str, new: str, line: int, words: str
) -> None:
    assert ROSTER.count(old) >= 1
    (folder / "roster.yaml").write_text(ROSTER.replace(old, new, 1))
    with pytest.raises(ConfigurationRefused) as refused:
        load(folder)
    said = str(refused.value)
    assert f"roster.yaml:{line}:" in said
    assert words in said
