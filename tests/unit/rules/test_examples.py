"""Examples and KLE numbers in the vocabulary's files: what is read, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config_source import Reading
from router.rules.examples import Example
from router.rules.lexicon import Lexicon, read_lexicon

SUBJECT = """\
department: vej
subjects:
  - id: huller
    name: {da: huller, en: potholes}
    kle: "05.01"
    phrases: {da: [hul i vejen]}
    examples:
      da:
        - "Der er et hul i vejen."
        - {text: "hul i vejen igen, ring 12345103", flags: [complaint, callback_requested]}
      en: ["A hole in the road"]
"""
FLAGS = """\
flags:
  - id: complaint
    name: {da: Klage, en: Complaint}
    phrases: {da: [klage]}
    examples:
      da: [{text: "jeg klager over vejen", flags: [acute], department: vej}, "det er for galt"]
    not_examples:
      da: [{text: "hvor klager man over naboen", flags: [acute]}]
  - id: acute
    name: {da: Akut, en: Acute}
    phrases: {da: [akut]}
"""
AUTHORITIES = """\
authorities:
  - id: skat
    name: {da: Skat, en: Tax}
    phrases: {da: [skat]}
    examples: {da: ["min skat er forkert"]}
"""


def read(tmp_path: Path, subject: str = SUBJECT, flags: str = FLAGS) -> tuple[Lexicon, list[str]]:
    (tmp_path / "subjects").mkdir(exist_ok=True)
    (tmp_path / "subjects/vej.yaml").write_text(subject)
    (tmp_path / "flags.yaml").write_text(flags)
    (tmp_path / "authorities.yaml").write_text(AUTHORITIES)
    reading = Reading(tmp_path)
    lexicon = read_lexicon(reading, ["borgerservice", "vej"], {})
    return lexicon, [str(problem) for problem in reading.problems]


def test_examples_carry_what_is_said_and_what_is_understood(tmp_path: Path) -> None:
    lexicon, problems = read(tmp_path)
    assert problems == []
    assert lexicon.kle["vej", "huller"] == "05.01"
    found = {example.text: example for example in lexicon.examples.found}
    assert found["Der er et hul i vejen."] == Example(
        "da", "Der er et hul i vejen.", "vej", "huller", frozenset()
    )
    assert found["hul i vejen igen, ring 12345103"].flags == {"complaint", "callback_requested"}
    assert found["A hole in the road"].language == "en"
    assert found["jeg klager over vejen"].flags == {"complaint", "acute"}
    assert found["jeg klager over vejen"].department == "vej"
    assert found["det er for galt"].department == ""
    assert found["hvor klager man over naboen"].flags == {"acute"}
    assert found["min skat er forkert"].department == "borgerservice"
    assert found["min skat er forkert"].flags == {"not_our_authority"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("flags: [complaint, callback", "flags: [complant, callback", 'Did you mean "complaint"?'),
        ('kle: "05.01"', "kle: veje", "is no KLE number"),
        ("      en: [", "      dk: [", 'unknown language "dk"'),
        ("{text: ", "{txt: ", '"text" is missing'),
        ("flags: [complaint,", "department: vej, flags: [complaint,", 'unknown field "department"'),
        ("examples:\n", "exampels:\n", 'unknown field "exampels"'),
        ('"Der er et hul i vejen."', "[a, b]", "a word or a phrase was expected"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    _, problems = read(tmp_path, SUBJECT.replace(old, new))
    assert any(told in problem and "subjects/vej.yaml:" in problem for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("department: vej}", "department: vje}", 'unknown department "vje"'),
        ('over naboen", flags: [acute]', 'over naboen", flags: [complaint]', "cannot carry"),
        ("not_examples:", "not_example:", 'Did you mean "not_examples"?'),
    ],
)
def test_examples_of_flags_are_checked_too(tmp_path: Path, old: str, new: str, told: str) -> None:
    _, problems = read(tmp_path, flags=FLAGS.replace(old, new))
    assert any(told in problem and "flags.yaml:" in problem for problem in problems)


def test_an_endless_example_is_refused(tmp_path: Path) -> None:
    _, problems = read(tmp_path, SUBJECT.replace("A hole in the road", "hole " * 2_000))
    assert any("longer than" in problem for problem in problems)
