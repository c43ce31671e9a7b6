"""The desk from outside: a contact comes in, a machine and a person work on it."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

from tests.running import Running

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def _api(
    service: Running, path: str, body: Any = None, status: int = 200, **headers: str
) -> dict[str, Any]:
    """One request; a header's hyphens are written as underscores."""
    request = urllib.request.Request(
        f"{service.base_url}/api/v1/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == status
            return dict(json.load(answer))
    except urllib.error.HTTPError as refusal:
        with refusal:
            assert refusal.status == status, refusal.read()
            return dict(json.load(refusal))


def _arrive(service: Running, **given: Any) -> dict[str, Any]:
    body = {
        "channel": "web",
        "name": "Karin Rejse",
        "phone": "20304050",
        "text": "Jeg vil gerne forny mit pas.",
        "callback": {"phone": "20304050"},
    } | given
    return _api(service, "contacts", body, 201)


def test_a_machine_sees_works_and_closes(running: Running) -> None:
    token = f"Bearer {running.staff_token}"
    receipt = _arrive(running)
    _api(running, "staff/promises", status=401)
    queue = _api(running, "staff/promises?state=open", Authorization=token)
    (promise,) = (p for p in queue["items"] if p["reference"] == receipt["reference"])
    at = f"staff/contacts/{receipt['reference']}"
    _api(
        running,
        f"staff/promises/{promise['id']}/claim",
        {"caseworker": "lone-hvideklit"},
        Authorization=token,
    )
    second = _api(
        running,
        f"staff/promises/{promise['id']}/claim",
        {},
        409,
        X_Acting_Caseworker="jens-mosevang",
        Authorization=token,
    )
    assert second["owner"] == "lone-hvideklit"
    reached = {"result": "reached", "note": "Tid aftalt.", "caseworker": "lone-hvideklit"}
    kept = _api(running, f"staff/promises/{promise['id']}/attempt", reached, Authorization=token)
    assert kept["state"] == "kept"
    closed = _api(running, f"{at}/close", {"outcome": "solved"}, Authorization=token)
    assert closed["state"] == "closed"
    assert all(p["ended_at"] for p in closed["promises"])
    told = _api(running, f"contacts/{receipt['reference']}", X_Access_Code=receipt["access_code"])
    assert told["state"] == "closed"
    assert "Tid aftalt." not in json.dumps(told)


def test_a_person_finds_the_contact_in_the_queue_and_takes_it(running: Running) -> None:
    receipt = _arrive(running)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def page(path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with browser.open(f"{running.base_url}{path}", data, timeout=10) as answer:
            return str(answer.read().decode())

    login = page("/desk")
    assert "Dette er en demonstration" in login
    found = CSRF.search(login)
    assert found is not None
    queue = page("/desk/login", csrf=found[1], person="lone-hvideklit", next="/desk")
    assert "Karin Rejse" in queue
    claim = re.search(
        rf'action="(/desk/contacts/{receipt["reference"]}/promises/\d+/claim)"', queue
    )
    csrf = CSRF.search(queue)
    assert claim is not None
    assert csrf is not None
    contact = page(claim[1], csrf=csrf[1])
    assert "Den er din nu." in contact
    assert "Lone Hvideklit" in page("/desk?owner=me")


def test_the_service_stops_at_once_with_desks_open(running: Running) -> None:
    request = urllib.request.Request(
        f"{running.base_url}/api/v1/staff/events",
        headers={"Authorization": f"Bearer {running.staff_token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as stream:
        assert b"retry:" in stream.readline()
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < 8
