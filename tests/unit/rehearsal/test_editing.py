"""Lines put into the municipality's files: nothing else of them changes."""

from __future__ import annotations

import copy
import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.rehearsal.editing import CannotEdit, add_phrase, add_rule, has_entry
from router.rehearsal.subjects import nearest_subject
from router.settings import demo_configuration

SUBJECTS = sorted((demo_configuration() / "subjects").glob("*.yaml"))

FLOW = """\
# A comment at the top.
department: byg
subjects:
  - id: carport   # a comment here
    name: {da: carport, en: car port}
    phrases:
      da: [carport,
           udhus]   # after the list
      en: [car port]
  - id: tag
    name: {da: tag, en: roof}
    hints:
      da: [tag]
"""
BLOCK = """\
subjects:
  - id: tag
    phrases:
      da:
        - tagplade   # old
        - "skifte tag"

      en: [roof]
"""


def read(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def added(text: str, subject: str, phrase: str = "solceller", language: str = "da") -> str:
    return add_phrase(text, "subjects", subject, language, phrase)


def phrases(text: str, subject: str) -> dict[str, list[str]]:
    entries = read(text)["subjects"]
    found: dict[str, list[str]] = next(e for e in entries if e["id"] == subject)["phrases"]
    return found


def new_lines(before: str, after: str) -> list[str]:
    """What a diff of the two marks with a plus."""
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[2:] for line in compared if line.startswith("+")]


def test_a_list_in_brackets_grows_where_it_ends() -> None:
    after = added(FLOW, "carport")
    assert "           udhus, solceller]   # after the list\n" in after
    assert new_lines(FLOW, after) == ["           udhus, solceller]   # after the list"]


def test_a_long_line_goes_on_in_the_next() -> None:
    words = ", ".join(f"ord{letter}" for letter in "abcdefghijklm")
    text = f"subjects:\n  - id: x\n    phrases:\n      da: [{words}]\n"
    after = added(text, "x", "solceller på taget")
    assert after.endswith("ordm,\n           solceller på taget]\n")
    assert max(map(len, after.splitlines())) <= 100


def test_a_list_with_dashes_gets_one_more() -> None:
    after = added(BLOCK, "tag")
    assert '        - "skifte tag"\n        - solceller\n\n      en: [roof]\n' in after
    assert phrases(after, "tag")["da"] == ["tagplade", "skifte tag", "solceller"]


def test_a_language_and_phrases_that_are_not_there_are_made() -> None:
    assert phrases(added(FLOW, "tag"), "tag") == {"da": ["solceller"]}
    assert phrases(added(FLOW, "carport", "Photovoltaik", "de"), "carport")["de"] == [
        "Photovoltaik"
    ]
    flow = "subjects:\n  - id: x\n    phrases: {en: [roof]}\n"
    assert phrases(added(flow, "x"), "x") == {"da": ["solceller"], "en": ["roof"]}
    empty = "subjects:\n  - id: x\n    phrases: {da: []}\n"
    assert phrases(added(empty, "x"), "x") == {"da": ["solceller"]}


def test_a_byte_order_mark_stays_first() -> None:
    after = added("\ufeff" + BLOCK, "tag")
    assert after == "\ufeff" + added(BLOCK, "tag")
    assert add_rule("\ufeff" + RULES, "two", ["- id: new"])[1:] == add_rule(
        RULES, "two", ["- id: new"]
    )


def test_line_ends_stay_as_they_are() -> None:
    after = added(BLOCK.replace("\n", "\r\n"), "tag")
    assert after == added(BLOCK, "tag").replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text", ["subjects: []\n", "other: 1\n", "[]\n", "subjects:\n  - name: x\n"]
)
def test_a_subject_that_is_not_there_is_said(text: str) -> None:
    with pytest.raises(CannotEdit):
        added(text, "tag")
    assert not has_entry(text, "subjects", "tag")


@pytest.mark.parametrize("file", SUBJECTS, ids=lambda path: path.stem)
def test_every_subject_of_the_demo_municipality_can_be_given_a_phrase(file: Path) -> None:
    text = file.read_text()
    before = read(text)
    for place, subject in enumerate(before["subjects"]):
        wanted = copy.deepcopy(before)
        entry: dict[str, Any] = wanted["subjects"][place].setdefault("phrases", {})
        entry.setdefault("da", []).append("solceller på tag")
        after = added(text, subject["id"], "solceller på tag")
        assert read(after) == wanted
        assert len(after.splitlines()) <= len(text.splitlines()) + 2


WORDS = st.lists(
    st.text(alphabet="abcdefghijklmnopqrstuvwxyzæøå ", min_size=1, max_size=30).filter(str.strip),
    max_size=30,
)


@given(WORDS, st.booleans(), st.integers(0, 12))
def test_any_list_grows_by_one(words: list[str], flow: bool, indent: int) -> None:
    content = {"subjects": [{"id": "x", "phrases": {"da": [f"a{w.strip()}" for w in words]}}]}
    text = yaml.safe_dump(
        content, allow_unicode=True, default_flow_style=flow or not words, indent=2 + indent % 4
    )
    wanted = [*content["subjects"][0]["phrases"]["da"], "solceller"]  # type: ignore[index]
    assert phrases(added(text, "x"), "x")["da"] == wanted


RULES = """\
rules:
  # The first.
  - id: one
    to: a

  # A comment that belongs to two,
  # in two lines.
  - id: two
    default: true
    to: b
"""


def test_a_rule_goes_above_the_comment_of_the_one_it_stands_before() -> None:
    after = add_rule(RULES, "two", ["# New.", "- id: new", "  to: c"])
    assert [rule["id"] for rule in read(after)["rules"]] == ["one", "new", "two"]
    assert "    to: a\n\n  # New.\n  - id: new\n    to: c\n\n  # A comment that" in after
    first = add_rule(RULES, "one", ["- id: new"])
    assert first.startswith("rules:\n  - id: new\n\n  # The first.\n  - id: one\n")
    with pytest.raises(CannotEdit):
        add_rule(RULES, "three", ["- id: new"])


def test_a_phrase_is_put_where_most_of_its_words_are_at_home() -> None:
    text = """
subjects:
  - id: tag
    phrases: {da: [tagplade, "nyt tag", rygning]}
  - id: have
    phrases: {da: [hæk, "klippe hæk", hegn]}
"""
    assert nearest_subject(text, ["Må jeg sætte solceller på mit nye tag?"]) == "tag"
    assert nearest_subject(text, ["Naboens hække og hegn"]) == "have"
    assert nearest_subject(text, [""]) == "tag"
    with pytest.raises(CannotEdit):
        nearest_subject("subjects: []", ["x"])
