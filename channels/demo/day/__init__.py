"""A lifelike day, played from outside through the real doors of a running demo.

Mail goes by SMTP, the form by HTTP, calls through the simulated provider and its
signed webhooks, and staff work through the staff API: nothing here touches the
ledger. All people are invented; the messages are the project's own.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import aiohttp
import aiosmtplib
import orjson

from channels.demo.day.people import Person, person
from channels.demo.day.staff import work
from router.config import Municipality
from router.errors import SenderError
from router.settings import Settings

MESSAGES: Final = Path(__file__).parent / "messages.jsonl"
_STEPS_OF_A_CALL: Final = 12

Progress = Callable[[int, int, str], None]
"""Told of each step: how many of how many are done, and what came last."""


class NotRunning(SenderError):
    """There is no demo to play the day in; the text says how to start one."""


async def play_day(
    settings: Settings, municipality: Municipality, progress: Progress, *, seed: int = 1
) -> Counter[str]:
    """Play every message of the day, then what staff do with a part of them.

    Answers how many came by `mail`, `web` and `phone`, and what staff did
    (`reached`, `not_reached`, `closed`, ...). Raises NotRunning.
    """
    base = f"http://{_reachable(settings.http.host)}:{settings.http.port}"
    messages = [orjson.loads(line) for line in MESSAGES.read_bytes().splitlines()]
    chance = random.Random(seed)  # noqa: S311  a play, not a secret
    chance.shuffle(messages)
    done: Counter[str] = Counter()
    timeout = aiohttp.ClientTimeout(total=30)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(base, timeout=timeout, cookie_jar=jar) as session:
        await _must_run(session, base)
        total = len(messages) + len(messages) // 2
        for number, message in enumerate(messages):
            sender = person(number, message["sender_group"])
            channel = message["channel"]
            if channel == "mail":
                await _mail(settings, municipality.mail_address, message, sender)
            elif channel == "phone":
                await _call(session, message, sender, chance)
            else:
                await _form(session, message, sender, chance)
            done[channel] += 1
            progress(number + 1, total, f"{channel}: {sender.name or '–'}")
        await _until_mail_is_read(session, done["mail"])
        people = list(municipality.caseworkers.values())

        def onward(step: int, what: str) -> None:
            progress(len(messages) + step, total, what)

        await work(session, people, len(messages) // 2, chance, done, onward)
    return done


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


async def _must_run(session: aiohttp.ClientSession, base: str) -> None:
    try:
        async with session.get("/demo/phone") as answer:
            if answer.status == 200:
                return
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    raise NotRunning(
        "no_demo",
        f"no demo answers at {base}. Start one with `make run` in another terminal, "
        "or set INDGANG_HTTP to where it is.",
    )


async def _mail(
    settings: Settings, mail_address: str, message: dict[str, Any], sender: Person
) -> None:
    letter = EmailMessage()
    letter["From"] = f"{sender.name} <{sender.mail}>"
    letter["To"] = mail_address
    letter["Subject"] = message["subject"] or "Henvendelse"
    letter["Message-ID"] = f"<{message['id']}.{random.getrandbits(48):x}@{sender.domain}>"
    letter.set_content(message["body"] + f"\n\nVenlig hilsen\n{sender.name}\n")
    await aiosmtplib.send(
        letter,
        hostname=_reachable(settings.smtp.host),
        port=settings.smtp.port,
        sender=sender.mail,
        recipients=[mail_address],
    )


async def _form(
    session: aiohttp.ClientSession, message: dict[str, Any], sender: Person, chance: random.Random
) -> None:
    contact: dict[str, Any] = {
        "channel": "web",
        "name": sender.name,
        "email": sender.mail,
        "phone": sender.phone,
        "group": message["sender_group"],
        "subject": message["subject"],
        "text": message["body"],
        "language": message["language"] if message["language"] in ("da", "en") else "da",
    }
    if chance.random() < 0.4:
        contact["callback"] = {"phone": sender.phone}
    async with session.post("/api/v1/contacts", json=contact) as answer:
        answer.raise_for_status()


async def _call(
    session: aiohttp.ClientSession, message: dict[str, Any], sender: Person, chance: random.Random
) -> None:
    """Call, say what it is about, and take what is offered; some hang up half-way."""
    number = sender.phone if chance.random() > 0.15 else "anonymous"
    call = await _step(session, "/demo/phone/calls", {"number": number})
    at = f"/demo/phone/calls/{call['sid']}"
    said = False
    for _ in range(_STEPS_OF_A_CALL):
        asked = call["listening"]
        if call["ended"] or asked is None:
            return
        if chance.random() < 0.05:
            break
        if asked["speech"] and not said:
            said = True
            call = await _step(session, f"{at}/input", {"words": message["body"]})
        elif asked["finish"]:
            for key in f"{sender.phone.removeprefix('+45')}#":
                call = await _step(session, f"{at}/input", {"key": key})
                if call["ended"]:
                    return
        else:
            call = await _step(session, f"{at}/input", {"key": "1"})
    await _step(session, f"{at}/hangup", {})


async def _step(session: aiohttp.ClientSession, path: str, body: dict[str, str]) -> dict[str, Any]:
    async with session.post(path, json=body) as answer:
        answer.raise_for_status()
        told: dict[str, Any] = await answer.json()
        return told


async def _until_mail_is_read(session: aiohttp.ClientSession, expected: int) -> None:
    """Mail is answered 250 before it is read: wait until its contacts are there to be worked on."""
    for _ in range(100):
        async with session.get("/metrics") as answer:
            text = await answer.text()
        read = sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith("indgang_contacts_total{") and 'channel="mail"' in line
        )
        if read >= expected:
            return
        await asyncio.sleep(0.1)
