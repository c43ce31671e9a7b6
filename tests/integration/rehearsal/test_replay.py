"""`indgang rules replay` and `coverage`: the last days' contacts, and other rules."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from router.clock import FixedClock
from router.house import House
from router.model import Arrival, Channel
from router.rehearsal.past import Past, read_past
from router.rehearsal.span import Span
from tests.integration.rehearsal.conftest import Command, Receive

SECRET = "Kirsebærstien"


@pytest.fixture
def changed(folder: Path) -> Path:
    """A copy of the folder, to change."""
    return Path(shutil.copytree(folder, folder.with_name("changed")))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


async def test_the_same_rules_change_nothing(
    receive: Receive, command: Command, changed: Path
) -> None:
    await receive("a", "Der er hul i vejen")
    await receive("b", "Jeg skal have nyt pas")
    result = await command("replay", "--table", str(changed))
    assert result.exit_code == 0, result.output
    assert "2 contacts; 0 would be decided differently" in result.output


async def test_what_would_change_is_told_by_department_and_one_by_one(
    receive: Receive, command: Command, changed: Path
) -> None:
    road = await receive("a", f"Der er hul i vejen på {SECRET}")
    await receive("b", "Jeg skal have nyt pas")
    edit(changed, "subjects/teknik.yaml", "hul vej, ", "")
    edit(changed, "subjects/borgerservice.yaml", "da: [pas, kørekort]", "da: [pas, hul vej]")
    result = await command("replay", "--table", str(changed))
    assert result.exit_code == 3, result.output
    assert "2 contacts; 1 would be decided differently" in result.output
    assert "teknik -> borgerservice" in result.output
    assert f"{road.reference[:3]} {road.reference[3:6]}" in result.output
    assert SECRET not in result.output
    matrix = result.output[result.output.index("By department") :].splitlines()
    assert matrix[1].split() == ["borgerservice", "teknik"]
    assert matrix[2].split() == ["teknik", "1", "(0)"]
    lines = [
        json.loads(line)
        for line in (await command("replay", "--table", str(changed), "--json")).stdout.splitlines()
    ]
    assert lines[0]["id"] == road.reference
    assert (lines[0]["old"]["department"], lines[0]["new"]["department"]) == (
        "teknik", "borgerservice",
    )  # fmt: skip
    assert lines[-1]["summary"]["moved"] == 1
    short = await command("replay", "--table", str(changed), "--summary")
    assert road.reference[:3] + " " + road.reference[3:6] not in short.output


async def test_a_concern_for_a_child_that_is_lost_comes_first(
    receive: Receive, command: Command, changed: Path, house: House
) -> None:
    text = "Jeg er meget bekymret for et barn i min søns klasse. Han bliver slået derhjemme."
    receipt = await receive("a", text)
    flags = (await house.contacts.by_reference(receipt.reference)).flags
    assert "urgent_child_concern" in flags, "the starting vocabulary must know this one"
    file = (changed / "flags.yaml").read_text()
    start = file.index("  - id: urgent_child_concern")
    end = file.find("\n  - id: ", start + 10)
    kept = file[start : file.index("phrases:", start)]
    never = 'phrases:\n      da: ["hvalros i havnen"]\n'
    (changed / "flags.yaml").write_text(file[:start] + kept + never + file[end:])
    result = await command("replay", "--table", str(changed))
    assert result.exit_code == 3, result.output
    head = result.output.index("!! A CONCERN FOR A CHILD IS NO LONGER SEEN IN 1 CONTACT:")
    assert head < result.output.index("1 contacts; 1 would be decided differently")
    assert result.output.startswith("!!")


async def test_a_refused_folder_is_told_and_ends_with_1(command: Command, changed: Path) -> None:
    edit(changed, "rules.yaml", "to: familie", "to: famile")
    result = await command("replay", "--table", str(changed))
    assert result.exit_code == 1
    assert 'Did you mean "familie"?' in result.output


async def test_only_what_was_asked_for(
    receive: Receive, command: Command, changed: Path, clock: FixedClock
) -> None:
    await receive("a", "Der er hul i vejen")
    clock.advance(timedelta(days=10))
    await receive("b", "Der er hul i vejen")
    await receive("c", "Jeg skal have nyt pas")
    for arguments, contacts in (
        ([], 2),
        (["--since", "30d"], 3),
        (["--since", "30d", "--until", "1d"], 1),
        (["--since", "30d", "--department", "teknik"], 2),
        (["--since", "30d", "--limit", "1"], 1),
    ):
        result = await command("replay", "--table", str(changed), *arguments)
        assert f"{contacts} contacts;" in result.output, arguments
    assert "(there may be more: --limit)" in result.output
    wrong = await command("replay", "--table", str(changed), "--department", "tekink")
    assert wrong.exit_code == 2
    assert (await command("replay", "--table", str(changed), "--since", "soon")).exit_code == 2


async def test_the_past_is_as_the_rules_were_asked(
    receive: Receive, house: House, clock: FixedClock
) -> None:
    """Text as it stood then, and the facts that were kept with the decision."""
    call = await receive(
        "call", "", channel=Channel.PHONE, phone="+4520304050", email="", to="+457"
    )
    first = await _only_past(house, clock)
    assert (first.facts.text, first.facts.channel, first.facts.to) == ("", Channel.PHONE, "+457")
    for key, text, reroute in (
        ("said", "Min gadelygte er slukket", True),
        ("later", "Nu virker den", False),
    ):
        clock.advance(timedelta(minutes=1))
        await house.reception.receive(
            Arrival(
                channel=Channel.PHONE, dedupe_key=key, received_at=clock.now(), text=text,
                reference=call.reference, reroute=reroute, kind="said", phone="+4520304050",
            )
        )  # fmt: skip
    past = await _only_past(house, clock)
    assert past.facts.text == "Min gadelygte er slukket"
    assert past.facts.known_party
    assert past.rule == "by-text"
    decision = house.municipality.rules.decide(past.facts)
    assert (decision.rule_id, decision.department) == (past.rule, past.department)


async def _only_past(house: House, clock: FixedClock) -> Past:
    span = Span(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    found = [past async for past in read_past(house.ledger, span)]
    assert len(found) == 1
    return found[0]


async def test_staff_say_where_contacts_belonged(
    receive: Receive, command: Command, changed: Path, house: House
) -> None:
    receipt = await receive("a", "Der er hul i vejen")
    await house.contacts.offer(receipt.reference, "staff:eva-proeve", "borgerservice")
    await house.contacts.accept(receipt.reference, "anne-eksempel")
    edit(changed, "subjects/teknik.yaml", "hul vej, ", "")
    edit(changed, "subjects/borgerservice.yaml", "da: [pas, kørekort]", "da: [pas, hul vej]")
    result = await command("replay", "--table", str(changed))
    assert "newly right 1, newly wrong 0" in result.output
    assert "belongs to borgerservice" in result.output


async def test_two_tables_on_labelled_messages_without_a_ledger(
    command: Command, changed: Path, tmp_path: Path
) -> None:
    messages = tmp_path / "messages.jsonl"
    rows = [
        {"id": 1, "body": "Der er hul i vejen", "expected_department": "teknik",
         "expected_flags": []},
        {"id": 2, "body": "Jeg skal have nyt pas", "expected_department": "borgerservice",
         "acceptable_departments": ["familie"]},
        {"id": 3, "body": "Uden svar"},
    ]  # fmt: skip
    messages.write_text("\n".join(map(json.dumps, rows)) + '\n{"id": null}\n')
    edit(changed, "subjects/teknik.yaml", "hul vej, ", "")
    result = await command("replay", "--table", str(changed), "--jsonl", str(messages))
    assert result.exit_code == 3, result.output
    assert 'line 4: "id" must be' in result.stderr
    assert "we know of 2 where they belong" in result.output
    assert "newly right 0, newly wrong 1" in result.output
    right = next(line for line in result.output.splitlines() if "right department" in line)
    assert right.split()[-4:] == ["100.0", "%", "50.0", "%"]


async def test_many_contacts_come_a_few_at_a_time(
    receive: Receive, house: House, clock: FixedClock
) -> None:
    for number in range(450):
        await receive(f"n{number}", "Der er hul i vejen")
    span = Span(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1))
    seen = [past.id async for past in read_past(house.ledger, span)]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 450


async def test_rules_that_are_never_used_come_first_with_what_stands_before_them(
    receive: Receive, command: Command, folder: Path, house: House
) -> None:
    rule = """\
  - id: roads-from-companies
    when:
      group: erhverv
      says: [hul]
    to: teknik
    why: {da: "Det er en vej.", en: "It is a road."}

  - id: front-desk
"""
    edit(folder, "rules.yaml", "  - id: front-desk\n", rule)
    for _ in range(2):
        await house.configuration.look()
    from router.model import Group

    for number in range(3):
        await receive(f"n{number}", "Der er hul i vejen", group=Group.COMPANY)
    await receive("x", "Mumle mumle")
    result = await command("coverage")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    hint = next(line for line in lines if "roads-from-companies" in line)
    assert "never yet; fits 3, of which by-text took 3, which stands before it" in hint
    menu = next(line for line in lines if "chosen-in-menu" in line)
    assert "nothing of the period fits it" in menu
    used = next(line for line in lines if ". by-text " in line)
    assert lines.index(hint) < lines.index(used)
    assert used.split()[2] == "3"
    assert "To the default (front-desk): 25.0 %" in result.output
    unsure = {line.split()[0]: line.split()[1:3] for line in lines if line.startswith("  ")}
    assert unsure["borgerservice"] == ["1", "100.0"]
