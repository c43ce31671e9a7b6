"""`indgang rules learn`: staff's corrections become a diff, which a person accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from router.config import load
from router.house import House
from router.model import Outcome, Receipt
from tests.integration.rehearsal.conftest import Command, Receive

CASEWORKER = {"teknik": "eva-proeve", "familie": "ib-proeve", "borgerservice": "anne-eksempel"}
BEES = (
    "Der er kommet bistader i naboens have. Skriv til {name}, Kløvervej {number}.",
    "Hvem bestemmer over bistader, spørger {name}?",
    "Må man have så mange bistader? Hilsen {name} og Gunhild",
    "bistader nok en gang, og {name} er bange for dem",
)


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file, whatever it is called."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def taken_by(house: House, receipt: Receipt, department: str) -> None:
    """A caseworker of that department takes it, whoever the rules chose."""
    if receipt.department != department:
        await house.contacts.offer(receipt.reference, "staff:switchboard", department)
        await house.contacts.accept(receipt.reference, CASEWORKER[department])
    else:
        await house.contacts.claim(receipt.reference, CASEWORKER[department])


async def with_corrections(receive: Receive, house: House) -> None:
    """Bees, which the rules know nothing of, go to Teknik; the rest is where it belongs."""
    for number, text in enumerate(BEES):
        name = ("Kirsten", "Oluf", "Asta", "Viggo")[number]
        receipt = await receive(f"bee{number}", text.format(name=name, number=number), name=name)
        assert receipt.department == "borgerservice"
        await taken_by(house, receipt, "teknik")
    for number in range(12):
        receipt = await receive(f"pas{number}", "Jeg skal have nyt pas inden ferien")
        await taken_by(house, receipt, "borgerservice")
        await receive(f"other{number}", "Kan jeg komme forbi en dag i haven?")


async def test_a_word_that_staff_know_is_proposed_and_nobody_is_named(
    receive: Receive, house: House, command: Command, folder: Path
) -> None:
    await with_corrections(receive, house)
    before = contents(folder)
    result = await command("learn")
    assert result.exit_code == 0, result.output
    assert "4 contacts were corrected by staff" in result.output
    proposed = next(line for line in result.output.splitlines() if line.startswith("  bistader"))
    assert proposed.split()[:7] == ["bistader", "4", "/", "4", "4", "/", "0"]
    assert "+++ b/subjects/teknik.yaml" in result.output
    for secret in ("Kirsten", "Oluf", "Gunhild", "Kløvervej", "kirsten", "gunhild", "kløvervej"):
        assert secret not in result.output
    assert contents(folder) == before


async def test_accepted_it_is_a_line_in_the_file_and_the_next_one_comes_right(
    receive: Receive, house: House, command: Command, folder: Path
) -> None:
    await with_corrections(receive, house)
    before = (folder / "subjects" / "teknik.yaml").read_text()
    result = await command("learn", "--accept")
    assert result.exit_code == 0, result.output
    assert f"version {load(folder).version}" in result.output
    after = (folder / "subjects" / "teknik.yaml").read_text()
    assert after.splitlines()[0] == before.splitlines()[0]
    assert len(after.splitlines()) == len(before.splitlines())
    words = [w for s in yaml.safe_load(after)["subjects"] for w in s["phrases"]["da"]]
    assert "bistader" in words
    for _ in range(2):
        await house.configuration.look()
    assert (await receive("new", "Mine bistader er væltet")).department == "teknik"
    assert "Nothing to propose" in (await command("learn")).output


async def test_a_word_is_not_proposed_for_what_one_person_writes_often(
    receive: Receive, house: House, command: Command
) -> None:
    for number in range(6):
        receipt = await receive(f"n{number}", "Der er bistader i haven", email="same@example.dk")
        await taken_by(house, receipt, "teknik")
    result = await command("learn")
    assert "6 contacts were corrected" in result.output
    assert "Nothing to propose" in result.output
    assert "bistader" not in result.output


async def test_a_proposal_that_breaks_more_than_it_puts_right_is_not_made(
    receive: Receive, house: House, command: Command
) -> None:
    for number in range(3):
        receipt = await receive(f"a{number}", "Der er bistader i haven")
        await taken_by(house, receipt, "teknik")
    for number in range(4):
        receipt = await receive(f"b{number}", "Der er bistader i haven")
        await taken_by(house, receipt, "borgerservice")
    result = await command("learn")
    assert "3 contacts were corrected" in result.output
    assert "Nothing to propose" in result.output


async def test_an_address_that_always_ends_in_one_place_becomes_a_rule(
    receive: Receive, house: House, command: Command, folder: Path
) -> None:
    for number in range(4):
        receipt = await receive(f"n{number}", f"Hej nummer {number}", to="haver@kommune.example")
        await taken_by(house, receipt, "teknik")
        other = await receive(f"m{number}", "Hej", to="post@kommune.example")
        await taken_by(house, other, "borgerservice")
    result = await command("learn", "--accept")
    assert result.exit_code == 0, result.output
    rules = load(folder).rules.rules
    found = next(rule for rule in rules if rule.id == "learned-to-haver-kommune-example")
    assert found.department == "teknik"
    assert rules.index(found) == len(rules) - 2, "above the rule that took them so far"
    assert "# Proposed by `indgang rules learn`" in (folder / "rules.yaml").read_text()


async def test_spam_that_staff_closed_teaches_the_flag(
    receive: Receive, house: House, command: Command, folder: Path
) -> None:
    flags = (folder / "flags.yaml").read_text().rstrip()
    spam = """
  - id: spam
    name: {da: Reklame, en: Spam}
    phrases:
      da: [kryptovaluta]
"""
    (folder / "flags.yaml").write_text(flags + spam)
    for _ in range(2):
        await house.configuration.look()
    for number in range(4):
        receipt = await receive(f"n{number}", "Køb billige vitaminpiller hos os")
        await house.contacts.close(receipt.reference, "staff:anne-eksempel", Outcome.SPAM)
        await receive(f"m{number}", "Jeg skal have nyt pas")
    result = await command("learn")
    assert "flag spam" in result.output
    assert "+++ b/flags.yaml" in result.output
    assert "vitaminpiller" in result.output


async def test_without_corrections_there_is_nothing_to_learn(
    receive: Receive, command: Command
) -> None:
    await receive("a", "Der er bistader i haven")
    result = await command("learn")
    assert result.exit_code == 0
    assert "0 contacts were corrected by staff" in result.output


def test_what_does_not_load_is_put_back(folder: Path) -> None:
    from router.config_source import ConfigurationRefused
    from router.rehearsal.draft import Draft

    before = contents(folder)
    draft = Draft(folder)
    draft = draft.with_text("rules.yaml", draft.text("rules.yaml") + "\nnonsense: 1\n")
    draft = draft.with_text("hours.yaml", draft.text("hours.yaml") + "\n# changed\n")
    with pytest.raises(ConfigurationRefused):
        draft.accept()
    assert contents(folder) == before
