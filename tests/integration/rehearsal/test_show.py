"""`indgang rules show`: how a contact was routed, also long after."""

from __future__ import annotations

from pathlib import Path

from router.house import House
from router.model import Channel
from tests.integration.rehearsal.conftest import Command, Receive

SECRET = "Kirsebærstien 7"


async def test_every_decision_is_told_and_nothing_that_was_written(
    receive: Receive, command: Command, house: House
) -> None:
    receipt = await receive("kim", f"Der er hul i vejen ved {SECRET}, siger Hildur")
    typed = f"{receipt.reference[:3]} {receipt.reference[3:6]} {receipt.reference[6:]}"
    result = await command("show", typed)
    assert result.exit_code == 0, result.output
    assert f"{typed}: 1 decision\n" in result.output
    assert f"table {house.municipality.rules.version} (live)" in result.output
    assert "teknik  Teknik og Miljø" in result.output
    assert "by-text: passer, og afgjorde" in result.output
    assert "child-concern: " in result.output
    assert "hul vej (teknik)" in result.output
    for secret in (SECRET, "Hildur", "kim@example.dk"):
        assert secret not in result.output
    english = (await command("show", receipt.reference, "--language", "en")).output
    assert "It seems to be about the road" in english


async def test_a_contact_is_explained_by_the_table_that_routed_it(
    receive: Receive, command: Command, house: House, folder: Path
) -> None:
    receipt = await receive("kim", "Der er hul i vejen")
    before = (await command("show", receipt.reference)).output
    rules = (folder / "rules.yaml").read_text()
    (folder / "rules.yaml").write_text(rules.replace("id: by-text", "id: by-what-is-written"))
    for _ in range(2):
        await house.configuration.look()
    after = (await command("show", receipt.reference)).output
    assert "(no longer live)" in after
    assert after.replace("(no longer live)", "(live)") == before
    # A table that nobody kept cannot be told, and that is said.
    await house.ledger.execute("DELETE FROM rule_tables")
    gone = await command("show", receipt.reference)
    assert gone.exit_code == 0
    assert "that table of rules was not kept" in gone.output


async def test_a_call_has_a_decision_for_each_time_the_rules_were_asked(
    receive: Receive, command: Command
) -> None:
    call = await receive("call", "", channel=Channel.PHONE, phone="+4520304050", email="")
    await receive(
        "said", "Min gadelygte er slukket", channel=Channel.PHONE, reference=call.reference,
        reroute=True, kind="said", email="",
    )  # fmt: skip
    output = (await command("show", call.reference)).output
    assert "2 decisions" in output
    assert output.index("front-desk: passer") < output.index("by-text: passer")


async def test_what_is_no_contact_is_said(command: Command) -> None:
    for typed in ("123456789", "12", "abc"):
        result = await command("show", typed)
        assert result.exit_code == 1
        assert "There is no contact" in result.output
