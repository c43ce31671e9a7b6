"""What staff do in the day: take contacts, call back, write notes, hand over and close."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import aiohttp

from router.config import Caseworker

_STAFF: Final = "/api/v1/staff"
_TOKEN: Final = re.compile(r'name="csrf"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="csrf"')
_NOTES: Final = (
    "Talt om sagen; sender oplysningerne i dag.",
    "Borgeren sender billeder på mail.",
    "Aftalt at vi vender tilbage, når tilsynet har været der.",
    "Vejledt om reglerne.",
)


async def work(
    session: aiohttp.ClientSession,
    people: Sequence[Caseworker],
    steps: int,
    chance: random.Random,
    done: Counter[str],
    progress: Callable[[int, str], None],
) -> None:
    """Take `steps` contacts that have been promised something and do something about them."""
    taken = 0
    for person in people:
        token = await _log_in(session, person.id)
        headers = {"X-CSRF-Token": token}
        async with session.get(
            f"{_STAFF}/promises?state=open&department={person.department}", headers=headers
        ) as answer:
            answer.raise_for_status()
            waiting = (await answer.json())["items"]
        mine = [item for item in waiting if not item["owner"]]
        for item in chance.sample(mine, min(4, len(mine), steps - taken)):
            await _take_up(session, headers, item, chance, done)
            taken += 1
            progress(taken, f"desk: {person.name}")


async def _log_in(session: aiohttp.ClientSession, person: str) -> str:
    async with session.get("/desk/login") as page:
        token = _token(await page.text())
    form = {"csrf": token, "person": person, "token": "", "next": "/desk"}
    async with session.post("/desk/login", data=form) as page:
        page.raise_for_status()
        return _token(await page.text())


def _token(page: str) -> str:
    found = _TOKEN.search(page)
    if found is None:
        raise ValueError("a page of the desk carries a form token")
    return found.group(1) or found.group(2)


async def _take_up(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    item: dict[str, Any],
    chance: random.Random,
    done: Counter[str],
) -> None:
    promise, contact = f"{_STAFF}/promises/{item['id']}", f"{_STAFF}/contacts/{item['reference']}"
    if not await _post(session, headers, f"{promise}/claim", {}):
        return
    done["claimed"] += 1
    if item["kind"] == "callback":
        result = "reached" if chance.random() < 0.6 else chance.choice(("no_answer", "busy"))
        note = chance.choice(_NOTES) if result == "reached" else ""
        await _post(session, headers, f"{promise}/attempt", {"result": result, "note": note})
        done["reached" if result == "reached" else "not_reached"] += 1
        if result != "reached":
            return
    else:
        await _post(session, headers, f"{contact}/note", {"text": chance.choice(_NOTES)})
        done["noted"] += 1
    if chance.random() < 0.5:
        body = {"outcome": "answered", "note": chance.choice(_NOTES)}
        await _post(session, headers, f"{contact}/close", body)
        done["closed"] += 1


async def _post(
    session: aiohttp.ClientSession, headers: dict[str, str], path: str, body: dict[str, Any]
) -> bool:
    """Whether it was done; a colleague may have been quicker (409)."""
    async with session.post(path, json=body, headers=headers) as answer:
        if answer.status == 409:
            return False
        answer.raise_for_status()
        return True
