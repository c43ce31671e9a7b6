"""Indicators of a small town's week: from the ledger, by the command and by the API."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from router.clock import FixedClock
from router.errors import SenderError
from router.fairness import Says
from router.house import House
from router.indicator_reading import read_report
from router.indicators import DIMENSIONS, Row, read_period
from router.model import Arrival, CallbackWish, Channel, Group, Outcome, Receipt
from tests.conftest import TEST_TOKEN
from tests.running import ROOT

ZONE = ZoneInfo("Europe/Copenhagen")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
Write = Callable[..., Awaitable[Receipt]]


@pytest.fixture
def write(house: House, clock: FixedClock) -> Write:
    """A citizen writes about waste."""

    async def arrive(number: int, **given: Any) -> Receipt:
        values: dict[str, Any] = {
            "channel": Channel.WEB,
            "dedupe_key": f"citizen-{number}-{clock.now().isoformat()}",
            "received_at": clock.now(),
            "text": "Vores skraldespand er ikke tømt.",
            "menu": "affald",
            "group": Group.CITIZEN,
            "email": f"borger{number}@example.dk",
        } | given
        return await house.reception.receive(Arrival(**values))

    return arrive


@pytest.fixture
def bente(house: House) -> str:
    """A caseworker of Affald."""
    return next(p.id for p in house.municipality.caseworkers.values() if p.department == "affald")


async def answer(
    house: House, bente: str, receipt: Receipt, outcome: Outcome = Outcome.ANSWERED
) -> None:
    await house.contacts.claim(receipt.reference, bente)
    await house.contacts.close(receipt.reference, f"staff:{bente}", outcome)


async def rows(
    house: House, first: str = "2026-11-23", last: str = "2026-12-31", department: str | None = None
) -> dict[tuple[str, str], Row]:
    period = read_period(first, last, ZONE, house.clock.now())
    report = await read_report(house.ledger, period, house.clock.now(), DIMENSIONS, department)
    return {(row.by, row.value): row for row in report.rows()}


async def test_kept_late_open_and_withdrawn(
    house: House, clock: FixedClock, write: Write, bente: str
) -> None:
    kept = [await write(n) for n in range(10)]
    late = [await write(n) for n in range(10, 16)]
    withdrawn = [await write(n) for n in range(16, 21)]
    for n in range(21, 28):
        await write(n)
    spam = await write(28)
    clock.advance(timedelta(hours=1))
    for receipt in kept:
        await answer(house, bente, receipt)
    for receipt in withdrawn:
        await answer(house, bente, receipt, Outcome.WITHDRAWN)
    await answer(house, bente, spam, Outcome.SPAM)
    clock.advance(timedelta(days=7))
    for receipt in late:
        await answer(house, bente, receipt)
    total = (await rows(house))["", ""].numbers
    told = {name: total[name] for name in (
        "promises", "withdrawn", "to_keep", "kept_in_time", "kept_late", "open_late", "tried",
        "not_tried", "contacts", "met", "waiting", "first_time", "median_minutes",
    )}  # fmt: skip
    assert told == {
        "promises": 28,
        "withdrawn": 5,
        "to_keep": 23,
        "kept_in_time": 10,
        "kept_late": 6,
        "open_late": 7,
        "tried": 0,
        "not_tried": 13,
        "contacts": 28,
        "met": 21,
        "waiting": 7,
        "first_time": 28,
        "median_minutes": 60,
    }
    assert total["kept_in_time_rate"] == pytest.approx(10 / 23, abs=0.0001)


async def test_a_promise_counts_on_the_local_day_that_it_is_due(
    house: House, clock: FixedClock, write: Write
) -> None:
    for n in range(6):
        await write(n)
    row = await house.ledger.fetchrow(
        "SELECT min(due_at) AS first, max(due_at) AS last FROM promises"
    )
    assert row is not None
    assert row["first"] == row["last"]
    day = row["first"].astimezone(ZONE).date()
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    # Before it is due it belongs to no day.
    assert ("", "") in (found := await rows(house))
    assert "promises" not in found["", ""].numbers
    clock.set(row["first"] + timedelta(days=3))
    counted = (await rows(house, str(day), str(day)))["", ""].numbers
    assert counted["promises"] == 6
    assert counted["open_late"] == 6
    assert ("", "") not in await rows(house, str(after), str(after))
    assert before >= MONDAY.date()


async def test_tried_means_that_we_called_before_it_was_due(
    house: House, clock: FixedClock, write: Write, bente: str
) -> None:
    wishes = [
        await write(n, phone=f"+45203040{n:02}", callback=CallbackWish(f"+45203040{n:02}"))
        for n in range(12)
    ]
    numbers = [(await house.contacts.view(r.reference)).promises[0].id for r in wishes]
    clock.advance(timedelta(minutes=30))
    for number in numbers[:6]:
        await house.promises.attempt(number, f"staff:{bente}", "no_answer")
    clock.set((await house.promises.row(numbers[0])).due_at + timedelta(hours=1))
    for number in numbers[6:]:
        await house.promises.attempt(number, f"staff:{bente}", "no_answer")
    total = (await rows(house))["kind", "callback"].numbers
    assert (total["open_late"], total["tried"], total["not_tried"]) == (12, 6, 6)


async def test_the_same_party_again_within_a_week_is_a_repeat(
    house: House, clock: FixedClock, write: Write
) -> None:
    for n in range(12):
        await write(n)
    clock.advance(timedelta(days=6, hours=23))
    for n in range(6):
        await write(n)
    clock.advance(timedelta(days=1))
    for n in range(6, 12):
        await write(n)
    # By mail without a sender that we know: nobody can say.
    for n in range(5):
        await write(n, email="", dedupe_key=f"nobody-{n}")
    total = (await rows(house))["", ""].numbers
    assert (total["repeats"], total["first_time"], total["unknown_party"]) == (6, 18, 5)
    assert total["repeat_rate"] == 0.25
    # What came before the period is looked at too.
    later = (await rows(house, "2026-11-30", "2026-12-02"))["", ""].numbers
    assert later["repeats"] == 6


async def test_a_language_of_three_is_hidden_with_another(
    house: House, clock: FixedClock, write: Write
) -> None:
    for n in range(40):
        await write(n, language="uk" if n < 3 else "en" if n < 11 else "da")
    clock.advance(timedelta(days=10))
    found = await rows(house)
    assert found["language", "uk"].marks["promises"] == "<5"
    assert found["language", "en"].marks["promises"] == ".."
    assert found["language", "da"].numbers["promises"] == 29
    assert found["", ""].numbers["promises"] == 40
    assert found["language", "uk"].numbers["median_minutes"] is None
    beside = found["language", "uk"].kept
    assert beside is not None
    assert (beside.other, beside.says, beside.numbers) == ("da", Says.TOO_FEW, None)


async def test_one_department_hides_what_the_whole_house_hides(
    house: House, clock: FixedClock, write: Write
) -> None:
    for n in range(30):
        await write(n, menu="affald" if n < 20 else "vej" if n < 27 else "byg")
    clock.advance(timedelta(days=10))
    whole = await rows(house)
    assert whole["department", "byg"].marks["promises"] == "<5"
    assert whole["department", "vej"].marks["promises"] == ".."
    # Otherwise 30 - 20 - 7 would tell.
    vej = await rows(house, department="vej")
    assert vej["", ""].numbers["promises"] is None
    affald = await rows(house, department="affald")
    assert affald["", ""].numbers["promises"] == 20
    assert {by for by, _ in affald} == {"", "kind", "group", "language", "channel"}
    with pytest.raises(SenderError, match="no department nowhere"):
        await rows(house, department="nowhere")


async def test_a_joined_callback_is_counted_as_the_one_that_it_joined(
    house: House, clock: FixedClock, write: Write
) -> None:
    wish = CallbackWish("+4520304050")
    for n in range(6):
        await write(n, phone="+4520304050", callback=wish, dedupe_key=f"again-{n}")
    for n in range(6, 12):
        await write(n, phone=f"+45203041{n:02}", callback=CallbackWish(f"+45203041{n:02}"))
    clock.advance(timedelta(days=10))
    found = (await rows(house))["kind", "callback"]
    assert found.numbers["promises"] == 7


async def test_the_api_says_the_same(
    house: House,
    clock: FixedClock,
    write: Write,
    client: TestClient[web.Request, web.Application],
) -> None:
    for n in range(7):
        await write(n)
    clock.advance(timedelta(days=10))
    headers = {"Authorization": f"Bearer {TEST_TOKEN}"}
    at = "/api/v1/staff/indicators"
    asked = {"from": "2026-11-23", "until": "2026-12-03", "by": "kind,channel"}
    async with client.get(at, params=asked, headers=headers) as response:
        assert response.status == 200
        told = await response.json()
    assert (told["from"], told["until"], told["department"]) == ("2026-11-23", "2026-12-03", None)
    assert [(row["by"], row["value"]) for row in told["rows"]] == [
        ("total", ""),
        ("kind", "answer"),
        ("channel", "web"),
    ]
    assert told["rows"][1]["promises"]["open_late"] == 7
    async with client.get(at, params=asked) as response:
        assert response.status == 401
    for wrong in ({"from": "yesterday"}, {"until": "2026-11-01"}, {"by": "colour"},
                  {"department": "nowhere"}, {"from": ""}):  # fmt: skip
        async with client.get(at, params=asked | wrong, headers=headers) as response:
            assert response.status in (400, 422)
            assert (await response.json())["code"] in ("bad_period", "bad_filter")


async def test_the_command(house: House, clock: FixedClock, write: Write) -> None:
    # The command asks the machine's own clock: these have been due for long.
    for n in range(9):
        await write(n)
    await house.ledger.execute(
        "UPDATE promises SET due_at = '2026-01-15 12:00+01', fire_at = '2026-01-15 12:00+01'"
    )
    days = ("--from", "2026-01-15", "--until", "2026-01-15")
    told = command(house, *days, "--by", "kind")
    assert told.returncode == 0, told.stderr
    lines = list(csv.DictReader(io.StringIO(told.stdout)))
    assert [(line["by"], line["value"]) for line in lines] == [("total", ""), ("kind", "answer")]
    assert lines[1]["open_late"] == "9"
    assert lines[1]["kept_in_time_rate"] == "0.0"
    as_json = json.loads(command(house, *days, "--format", "json").stdout)
    assert as_json["rows"][0]["promises"]["promises"] == 9
    for wrong, why in (
        (("--from", "2026-02-30", "--until", "2026-03-01"), "from must be a date"),
        (("--from", "2026-01-15", "--until", "2026-01-14"), "lies before from"),
        ((*days, "--by", "colour"), "there is no colour"),
        ((*days, "--department", "nowhere"), "There is no department nowhere"),
        ((*days, "--format", "xml"), "'xml' is not one of"),
        (("--from", "2026-01-15"), "Missing option '--until'"),
    ):
        refused = command(house, *wrong)
        assert refused.returncode == 2, refused.stdout
        assert why in refused.stderr
        assert "Traceback" not in refused.stderr


def command(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("INDGANG_")}
    return subprocess.run(
        [sys.executable, "-m", "router.cli", "indicators", *arguments],
        cwd=ROOT,
        env=inherited | {"INDGANG_DATABASE_URL": house.settings.database_url or ""},
        capture_output=True,
        text=True,
        check=False,
    )
