"""A good configuration loads; a wrong one is refused with place, reason and advice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from router.config import load
from router.config_init import write_starting_configuration
from router.config_source import ConfigurationRefused
from router.errors import ConfigError
from router.model import Channel, PromiseKind
from router.promise_policies import Span, Unit
from router.rules import Facts

DEMO = Path(__file__).parents[3] / "config"
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A copy of the demo configuration with one text changed in one file.

    Without `whole` most of the vocabulary is left out: reading it takes a second, and
    what is refused is refused without it.
    """

    def changed(file: str = "", old: str = "", new: str = "", *, whole: bool = False) -> Path:
        target = tmp_path / "config"
        if not target.exists():
            shutil.copytree(DEMO, target)
            for path in () if whole else (target / "subjects").iterdir():
                if path.name not in ("byg.yaml", "vej.yaml"):
                    path.unlink()
        if file:
            text = (target / file).read_text()
            assert text.count(old) >= 1, f"{old!r} is not in {file}"
            (target / file).write_text(text.replace(old, new, 1))
        return target

    return changed


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationRefused) as caught:
        load(folder)
    return str(caught.value)


def line_of(folder: Path, file: str, text: str) -> int:
    lines = (folder / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_demo_municipality_loads() -> None:
    municipality = load(DEMO)
    assert len(municipality.departments) == 16
    assert len(municipality.caseworkers) == 19
    assert municipality.default_department == "borgerservice"
    assert municipality.name == "Frederikssund Kommune"
    assert municipality.departments["byg"].name_in("en") == "Building Permits"
    assert municipality.departments["byg"].name_in("ar") == "Byggesager"
    assert municipality.caseworkers["gitte-baekgreve"].department == "aeldre"
    keys = [d.menu_key for d in municipality.departments.values() if d.menu_key]
    assert sorted(keys) == [*"12345678"]
    policies = municipality.policies
    assert policies.of(PromiseKind.CALLBACK).within == Span(8, Unit.WORKING_HOURS)
    assert all(policies.of(kind, "byg") for kind in PromiseKind)
    assert policies.of(PromiseKind.ANSWER).id == "answer"  # not the one used by name only
    laws = {policy.id for policy in policies.by_id.values() if policy.statutory}
    assert laws == {"concern-receipt", "document-access"}
    assert policies.most_alarm_mails == 10
    assert municipality.administrator == "indgang-drift@frederikssund.example"
    assert municipality.mail_address in municipality.intake_addresses


def test_every_department_of_the_demo_has_mailbox_hours_deputy_and_subjects() -> None:
    municipality = load(DEMO)
    for department in municipality.departments.values():
        assert department.mailbox.endswith("@frederikssund.example")
        assert department.hours in municipality.hours.calendars
        assert municipality.departments[department.deputy] is not department
        assert municipality.caseworkers[department.leader].department == department.id
        assert (DEMO / "subjects" / f"{department.id}.yaml").is_file()


@pytest.mark.parametrize(
    ("file", "old", "new", "expected", "at"),
    [
        ("rules.yaml", "to: familie", "to: famile", 'Did you mean "familie"?', "to: famile"),
        (
            "rules.yaml",
            "      flags: spam\n",
            "      flag: spam\n",
            'Did you mean "flags"?',
            "      flag: spam",
        ),
        (
            "rules.yaml",
            "menu: {given: true}",
            "menu: {givn: true}",
            'unknown operator "givn" for "menu". Did you mean "given"?',
            "givn",
        ),
        (
            "rules.yaml",
            "caseworker_named: {given: true}",
            "caseworker_named: ole-skovling",
            'Did you mean "ole-skovlyng"?',
            "ole-skovling",
        ),
        (
            "rules.yaml",
            "- id: spam",
            "- id: child-concern",
            'the rule id "child-concern" is already used on line',
            None,
        ),
        ("rules.yaml", "    default: true\n", "", "the default is missing", None),
        (
            "rules.yaml",
            "      flags: access_request",
            "      flags: urgent_child_concern",
            'can never be reached: rule "child-concern" on line',
            None,
        ),
        (
            "rules.yaml",
            "      flags: spam\n",
            "      flags: spam\n      channel: mail\n      all: [{channel: phone}]\n",
            "asked to be two things at once",
            None,
        ),
        ("rules.yaml", "{department} ser", "{afdeling} ser", "unknown {afdeling}", None),
        ("rules.yaml", "priority: 100", "priority: high", "a number was expected", "high"),
        ("rules.yaml", "priority: 100", "priority: 1000", "not between 0 and 100", "1000"),
        (
            "rules.yaml",
            "role: authority",
            "role: autority",
            'Did you mean "authority"?',
            "autority",
        ),
        (
            "departments/organisation.yaml",
            "    mailbox: byg@frederikssund.example\n",
            "",
            'department "byg": "mailbox" is missing',
            None,
        ),
        (
            "departments/organisation.yaml",
            "    hours: town-hall\n",
            "",
            'department "borgerservice": "hours" is missing',
            None,
        ),
        (
            "departments/organisation.yaml",
            "hours: town-hall",
            "hours: townhall",
            'unknown calendar "townhall". Did you mean "town-hall"?',
            "hours: townhall",
        ),
        (
            "departments/organisation.yaml",
            "byg@frederikssund.example",
            "Kontakt@frederikssund.example",
            "would come back to us for ever",
            "Kontakt@",
        ),
        (
            "departments/organisation.yaml",
            "byg@frederikssund.example",
            "svar+x@frederikssund.example",
            "would come back to us for ever",
            "svar+x@",
        ),
        (
            "departments/organisation.yaml",
            "deputy: miljo",
            "deputy: byg",
            "cannot be its own deputy",
            None,
        ),
        (
            "departments/organisation.yaml",
            "deputy: miljo",
            "deputy: milo",
            'unknown department "milo". Did you mean "miljo"?',
            "milo",
        ),
        (
            "departments/organisation.yaml",
            "  - id: ydelse\n",
            "  - id: borgerservice\n",
            'the department id "borgerservice" is used twice',
            None,
        ),
        ("departments/organisation.yaml", "menu_key: 2", "menu_key: 1", "is already", None),
        ("departments/organisation.yaml", "menu_key: 2", "menu_key: 12", "not between 0", None),
        (
            "departments/organisation.yaml",
            "leader: Lone Hvideklit",
            "leader: Lone Hvidklit",
            'unknown caseworker "lone-hvidklit". Did you mean "lone-hvideklit"?',
            "leader: Lone Hvidklit",
        ),
        (
            "hours.yaml",
            'y: "08:00-15:00"',
            'y: "08:00-7:00"',
            "ends before it begins",
            "08:00-7:00",
        ),
        ("hours.yaml", 'y: "08:00-15:00"', 'y: "08:00-15:70"', "no such time of day", "15:70"),
        ("hours.yaml", "monday:", "mandag:", 'unknown field "mandag". Did you mean', "mandag"),
        ("hours.yaml", "- every_year: 24/12", "- every_year: 31/2", "a day and", "31/2"),
        ("promises.yaml", "working_hours: 8", "working_hours: eight", "a number was", "eight"),
        ("promises.yaml", "working_hours: 8", "working_hours: 1.5", "a whole number", "1.5"),
        ("promises.yaml", "{working_days: 7}", "{weeks: 1}", 'unit of time "weeks"', "weeks"),
        ("promises.yaml", "    attempts: 4\n", "    attempts: 0\n", "not between 1 and 20", None),
        ("promises.yaml", "[2h]", "[2d]", '"30m", "2h" or next_opening was expected', "[2d]"),
        ("promises.yaml", "escalate: urgent", "escalate: urgnt", 'Did you mean "urgent"?', "urgnt"),
        ("promises.yaml", "100: [department, leader]", "90: [leader]", "last mark is 100", None),
        ("promises.yaml", "[owner, deputy]", "[owner, chief]", 'unknown audience "chief"', "chief"),
        ("promises.yaml", "kind: minutes", "kind: agenda", "no policy for minutes", None),
        ("promises.yaml", "kind: minutes", "kind: agenda", '"agenda" already is the policy', None),
        ("promises.yaml", "- id: minutes", "- id: agenda", "is already used on line", None),
        ("promises.yaml", "delivery-failure", "delivery", "messages that fail need it", None),
        ("promises.yaml", "minute: 10", "minute: 0", "not between 1 and 1000", "minute: 0"),
        ("municipality.yaml", "indgang-drift@", "svar+x@", "would come back to us", "svar+x"),
        ("municipality.yaml", "Europe/Copenhagen", "Europe/Copenhagn", "Did you mean", None),
        ("municipality.yaml", '"+4547351000"', '"47351000"', 'a number like "+45', "47351000"),
        ("municipality.yaml", "name:", "name: A\nname:", "already given on line", None),
        ("municipality.yaml", "web_url: https", "web_url: [https", "not valid YAML", None),
        ("subjects/byg.yaml", "department: byg", "department: bug", 'Did you mean "byg"?', "bug"),
        ("subjects/byg.yaml", "    phrases:", "    frases:", 'Did you mean "phrases"?', "frases"),
        ("subjects/byg.yaml", "      en:\n        [b", "      eng:\n        [b", "language", "eng"),
        ("subjects/byg.yaml", "      en: a b", "      en: a\n      en: b", "already given", None),
        ("flags.yaml", "- id: threat", "- id: spam", "is already used on line", None),
        ("flags.yaml", "  sure: 0.85", "  sure: three", "a number", "  sure: three"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_advice(
    folder: Folder, file: str, old: str, new: str, expected: str, at: str | None
) -> None:
    changed = folder(file, old, new)
    told = refusal(changed)
    assert expected in told
    assert f"{file}:" in told
    assert f"{file}:{line_of(changed, file, at)}:" in told if at else True


def test_all_problems_are_shown_together(folder: Folder) -> None:
    folder("rules.yaml", "to: familie", "to: famile")
    folder("hours.yaml", 'y: "08:00-15:00"', 'y: "8-15"')
    folder("promises.yaml", "    attempts: 2\n", "    attempts: two\n")
    told = refusal(folder("municipality.yaml", "web_url:", "weburl:"))
    assert "The configuration has 5 problems" in told  # weburl unknown, web_url missing
    for file in ("rules.yaml", "hours.yaml", "promises.yaml", "municipality.yaml"):
        assert f"  {file}:" in told


def test_a_rule_after_the_default_is_refused(folder: Folder) -> None:
    file = folder() / "rules.yaml"
    text = file.read_text()
    late = "\n  - id: late\n    when: {channel: phone}\n    to: byg\n    why: {da: x, en: x}\n"
    file.write_text(text + late)
    assert 'rule "late" can never be reached: it comes after the default "front-desk"' in refusal(
        file.parent
    )


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"- a\n- b\n", b"a: 1", b"a: &x [1]\nb: *x\n", b"? [a]\n: 1\n",
        b"\t- x", b"[" * 5000, b"a: " + b"{a: " * 3000, b"\x00", b"%YAML 9.9\n---\nx",
    ],
)  # fmt: skip
@pytest.mark.parametrize("file", ["rules.yaml", "municipality.yaml", "flags.yaml", "hours.yaml"])
def test_broken_files_are_refused_with_their_name(
    folder: Folder, file: str, content: bytes
) -> None:
    target = folder()
    (target / file).write_bytes(content)
    assert file in refusal(target)


def test_missing_files_and_folders_are_named(folder: Folder, tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere")
    target = folder()
    (target / "hours.yaml").unlink()
    assert "hours.yaml: this file is missing" in refusal(target)


def test_versions_are_hashes_of_content(folder: Folder) -> None:
    before = load(folder(whole=True))
    assert load(DEMO).version == before.version
    after = load(folder("municipality.yaml", "name: Frederikssund", "name: Frederiksund"))
    assert after.version != before.version
    assert after.rules.version == before.rules.version
    routed = load(folder("subjects/byg.yaml", "[byggetilladelse,", "[byggetilladelser, xyzzy,"))
    assert routed.rules.version != before.rules.version


def test_a_caseworker_can_add_a_word(folder: Folder) -> None:
    facts = Facts(channel=Channel.WEB, text="en xylofonbro")
    assert load(folder(whole=True)).rules.decide(facts).department == "borgerservice"
    changed = folder("subjects/vej.yaml", "[hul i vejen,", "[xylofonbro, hul i vejen,")
    assert load(changed).rules.decide(facts).department == "vej"


def test_starting_configuration_loads_and_says_what_to_change(tmp_path: Path) -> None:
    target = tmp_path / "kommune"
    written = write_starting_configuration(target)
    municipality = load(target)
    assert len(municipality.departments) == 3
    assert "PLACEHOLDER" in (target / "municipality.yaml").read_text()
    assert {path.name for path in written} >= {"municipality.yaml", "rules.yaml", "hours.yaml"}


def test_starting_configuration_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ConfigError, match="not empty"):
        write_starting_configuration(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(ConfigError, match="is a file"):
        write_starting_configuration(tmp_path / "mine.txt")
