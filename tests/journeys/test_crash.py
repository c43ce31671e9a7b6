"""Power cuts: what was answered 201 or 250 is found again, once, owned.

500 citizens write by web and 200 by mail, as browsers and mail servers do: whoever
gets no answer tries the same thing again. Meanwhile the process is killed with
-9 six times and PostgreSQL twice. Nothing here runs on a timer: each kill falls
when so many have been answered.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import aiosmtplib
import asyncpg
import pytest

from router import config
from router.embedded import urls_in_use
from router.settings import demo_configuration
from tests.running import ROOT, Running

WEB, MAIL = 500, 200
MAIL_ADDRESS = config.load(demo_configuration()).mail_address
KILL_US_AT = (60, 150, 260, 380, 500, 620)
KILL_POSTGRESQL_AT = (110, 440)
ANSWER_SECONDS = 20.0
"""A browser or a mail server that hears nothing for so long tries again."""

SUBJECTS = (
    "Skraldespanden er ikke tømt",
    "Hvor langt er min byggetilladelse?",
    "Hul i vejen ved skolen",
    "Jeg vil gerne søge hjemmehjælp til min mor",
    "Hvornår kan vi få en plads i vuggestuen?",
)


@dataclass
class Town:
    """The citizens, and what they were answered."""

    service: Running
    web: dict[int, str] = field(default_factory=dict)
    """Citizen → reference of the 201."""
    mail: set[int] = field(default_factory=set)
    """Citizens who heard 250."""
    repeats: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return len(self.web) + len(self.mail)

    async def write_by_web(self, citizen: int, session: aiohttp.ClientSession) -> None:
        body = {
            "channel": "web",
            "name": f"Borger {citizen}",
            "email": f"borger{citizen}@example.dk",
            "text": f"{SUBJECTS[citizen % len(SUBJECTS)]} web-{citizen:04}-slut",
        }
        while True:
            try:
                async with session.post(
                    f"{self.service.base_url}/api/v1/contacts",
                    json=body,
                    headers={"Idempotency-Key": f"crash-web-{citizen}"},
                ) as answer:
                    if answer.status == 201:
                        self.web[citizen] = (await answer.json())["reference"]
                        return
                    # Away for now is the only other thing that may be said.
                    assert answer.status == 503, await answer.text()
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            self.repeats["web"] += 1
            await asyncio.sleep(0.05)

    async def write_by_mail(self, citizen: int) -> None:
        message = EmailMessage()
        message["From"] = f"Borger {citizen} <brev{citizen}@example.dk>"
        message["To"] = MAIL_ADDRESS
        message["Subject"] = SUBJECTS[citizen % len(SUBJECTS)]
        message["Message-ID"] = f"<crash-{citizen}@example.dk>"
        message.set_content(f"Jeg skriver om dette: mail-{citizen:04}-slut\n")
        while True:
            try:
                await aiosmtplib.send(
                    message,
                    hostname="127.0.0.1",
                    port=self.service.smtp_port,
                    recipients=[MAIL_ADDRESS],
                    timeout=ANSWER_SECONDS,
                )
            except aiosmtplib.SMTPResponseException as refusal:
                assert 400 <= refusal.code < 500, refusal
            except aiosmtplib.SMTPRecipientsRefused as refusal:
                assert all(400 <= r.code < 500 for r in refusal.recipients), refusal
            except (aiosmtplib.SMTPException, TimeoutError, OSError):
                pass
            else:
                self.mail.add(citizen)
                return
            self.repeats["mail"] += 1
            await asyncio.sleep(0.05)


async def _kill_as_answers_come(town: Town) -> tuple[int, int]:
    """Kill at each mark; answers how often us and how often PostgreSQL."""
    ours = postgresql = 0
    marks = sorted([(at, "us") for at in KILL_US_AT] + [(at, "pg") for at in KILL_POSTGRESQL_AT])
    for at, whom in marks:
        while town.answered < at:
            await asyncio.sleep(0.002)
        if whom == "us":
            town.service.kill9()
            ours += 1
            await asyncio.to_thread(town.service.start)
        else:
            pid_file = town.service.data_dir / "postgresql" / "postmaster.pid"
            with suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
                postgresql += 1
    return ours, postgresql


@pytest.fixture
def service(tmp_path: Path) -> Running:
    """With embedded servers of its own, durable as in production."""
    running = Running(tmp_path)
    running.start()
    return running


async def test_nothing_answered_is_lost_by_kills(service: Running) -> None:
    town = Town(service)
    try:
        killed = await _play(town)
        assert killed == (len(KILL_US_AT), len(KILL_POSTGRESQL_AT))
        await _all_mail_is_read(service)
        await _is_found_once_and_owned(town)
        _audit_is_clean(service)
    except BaseException:
        print(service.log()[-8000:])
        raise
    finally:
        service.stop()
    print(
        f"\n{len(town.web)} x 201, {len(town.mail)} x 250, killed {killed[0]} times, PostgreSQL "
        f"{killed[1]} times; repeats: {dict(town.repeats)}"
    )


async def _play(town: Town) -> tuple[int, int]:
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    letters, mails = iter(range(WEB)), iter(range(MAIL))
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:

        async def web() -> None:
            for citizen in letters:
                await town.write_by_web(citizen, session)

        async def mail() -> None:
            for citizen in mails:
                await town.write_by_mail(citizen)

        killer = group.create_task(_kill_as_answers_come(town))
        for _ in range(12):
            group.create_task(web())
        for _ in range(5):
            group.create_task(mail())
    return killer.result()


async def _ledger(service: Running) -> asyncpg.Connection[asyncpg.Record]:
    url, _ = urls_in_use(service.data_dir)
    assert url is not None
    return await asyncpg.connect(url)


async def _all_mail_is_read(service: Running) -> None:
    """Every mail that was taken becomes a contact without anybody's help."""
    connection = await _ledger(service)
    try:
        async with asyncio.timeout(60):
            while await connection.fetchval("SELECT count(*) FROM mail_intake WHERE state = 'new'"):
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def _is_found_once_and_owned(town: Town) -> None:
    connection = await _ledger(town.service)
    try:
        rows = await connection.fetch(
            "SELECT c.reference, c.state, c.department, c.next_due_at, t.body"
            " FROM contacts c JOIN timeline t ON t.contact_id = c.id AND t.actor = 'citizen'"
        )
        found: Counter[str] = Counter()
        by_mark: dict[str, str] = {}
        for row in rows:
            marks = re.findall(r"(?:web|mail)-[0-9]{4}-slut", row["body"])
            assert len(marks) == 1, row["reference"]
            found[marks[0]] += 1
            by_mark[marks[0]] = row["reference"]
            assert row["state"] == "open"
            assert row["department"]
            assert row["next_due_at"] is not None
        expected = {f"web-{c:04}-slut" for c in town.web} | {f"mail-{c:04}-slut" for c in town.mail}
        assert set(found) == expected
        assert set(found.values()) == {1}
        assert {c: by_mark[f"web-{c:04}-slut"] for c in town.web} == town.web
        assert len(rows) == WEB + MAIL
    finally:
        await connection.close()


def _audit_is_clean(service: Running) -> None:
    audit = subprocess.run(
        [sys.executable, "-m", "router.cli", "audit"],
        cwd=ROOT,
        env=service.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert audit.returncode == 0, audit.stdout + audit.stderr
