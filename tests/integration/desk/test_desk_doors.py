"""Nobody gets in without a log-in or a token, and no form without its own token."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from redis.exceptions import ConnectionError as RedisConnectionError

from channels.desk.access import COOKIE
from router.house import House
from router.settings import Settings
from tests.conftest import TEST_TOKEN
from tests.integration.desk.conftest import Browser, Open, Receive

OPEN_TO_ALL = {("GET", "/desk/login"), ("HEAD", "/desk/login"), ("POST", "/desk/login")}


def _routes(app: web.Application) -> Iterator[tuple[str, str]]:
    for route in app.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if path == "/desk" or path.startswith(("/desk/", "/api/v1/staff")):
            yield route.method, re.sub(r"\{\w+\}", "1", path)


async def test_every_route_refuses_who_is_not_logged_in(
    client: TestClient[web.Request, web.Application], browser: Open
) -> None:
    stranger = await browser()
    routes = set(_routes(client.app)) - OPEN_TO_ALL
    assert len(routes) > 35
    for method, path in routes:
        async with stranger.session.request(method, path, allow_redirects=False) as response:
            text = await response.text()
            if path.startswith("/api/"):
                assert response.status == 401, path
                assert response.content_type == "application/problem+json"
                assert "Bearer" in response.headers["WWW-Authenticate"]
            elif method == "POST":
                assert response.status == 401, path
                assert "Du er ikke logget ind" in text
            else:
                assert response.status == 303, path
                assert response.headers["Location"].startswith("/desk/login?next=")


async def test_every_change_refuses_without_its_token(
    client: TestClient[web.Request, web.Application], desk: Browser
) -> None:
    changes = [path for method, path in _routes(client.app) if method == "POST"]
    assert len(changes) > 18
    for path in changes:
        for csrf in ("", "wrong", desk.csrf + "x"):
            if path.startswith("/api/"):
                headers = {"X-CSRF-Token": csrf} if csrf else {}
                async with desk.session.post(path, json={}, headers=headers) as response:
                    assert response.status == 403, path
                    assert (await response.json())["code"] == "csrf_token_missing"
            else:
                answer = await desk.post(path, csrf=csrf)
                assert answer.status == 403, path
                assert "Siden var for gammel" in answer.text


async def test_a_wrong_or_missing_bearer_token_is_refused(
    client: TestClient[web.Request, web.Application],
) -> None:
    for header in ("Bearer wrong", "Bearer ", f"Basic {TEST_TOKEN}", f"Bearer {TEST_TOKEN} x"):
        response = await client.get("/api/v1/staff/contacts", headers={"Authorization": header})
        assert response.status == 401, header
    for header in (f"Bearer {TEST_TOKEN}", f"bearer  {TEST_TOKEN}"):
        response = await client.get("/api/v1/staff/contacts", headers={"Authorization": header})
        assert response.status == 200, header


async def test_what_was_written_when_the_session_ended_is_given_back(
    desk: Browser, receive: Receive, house: House
) -> None:
    receipt = await receive()
    await house.redis.flushdb()
    answer = await desk.post(
        f"/desk/contacts/{receipt.reference}/note", text="Et langt <b>notat</b>."
    )
    assert answer.status == 401
    assert "Et langt &lt;b&gt;notat&lt;/b&gt;." in answer.text
    part = await desk.get("/desk/queue", headers={"HX-Request": "true"})
    assert part.status == 401


async def test_the_session_has_a_new_identity_after_log_in_and_ends_at_log_out(
    browser: Open, house: House
) -> None:
    person = await browser()
    page = await person.get("/desk/login")
    planted = page.headers["Set-Cookie"].partition(";")[0]
    answer = await person.log_in("lone-hvideklit")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.partition(";")[0] != planted
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    thief = await browser()
    old = await thief.get("/desk", headers={"Cookie": planted})
    assert old.status == 303
    assert (await person.post("/desk/logout")).status == 303
    assert (await thief.get("/desk", headers={"Cookie": cookie.partition(";")[0]})).status == 303
    assert await house.redis.keys(f"{COOKIE}_{cookie.partition('=')[2].partition(';')[0]}") == []


async def test_log_in_leads_back_to_the_desk_and_nowhere_else(browser: Open) -> None:
    for target, onward in (
        ("/desk/new", "/desk/new"),
        ("/desk?owner=me", "/desk?owner=me"),
        ("https://evil.example/", "/desk"),
        ("//evil.example", "/desk"),
        ("/desk\\..\\evil", "/desk"),
        ("/deskx", "/desk"),
        ("/desk/logout", "/desk"),
    ):
        person = await browser()
        answer = await person.log_in("switchboard", next=target)
        assert answer.headers["Location"] == onward


async def test_somebody_who_does_not_work_here_cannot_log_in(browser: Open) -> None:
    person = await browser()
    assert (await person.log_in("nobody-at-all")).status == 422
    assert (await person.get("/desk")).status == 303


async def test_the_demo_log_in_is_marked(browser: Open) -> None:
    person = await browser()
    assert "Dette er en demonstration" in (await person.get("/desk/login")).text
    assert "This is a demonstration" in (await person.get("/desk/login?lang=en")).text


async def test_the_switchboard_can_note_and_offer_but_owns_nothing(
    browser: Open, receive: Receive, house: House
) -> None:
    receipt = await receive()
    promise = (await house.contacts.view(receipt.reference)).promises[0].id
    at = f"/desk/contacts/{receipt.reference}"
    person = await browser()
    await person.log_in("switchboard")
    refused = await person.post(f"{at}/promises/{promise}/claim")
    assert refused.status == 422
    assert "Kun en sagsbehandler kan tage den" in refused.text
    assert (await person.post(f"{at}/note", text="Ringede ind igen.")).status == 303
    assert (await person.post(f"{at}/offer", receiver="byg")).status == 303
    assert "Omstillingen" in (await person.get(at)).text


async def test_without_redis_the_desk_says_so_and_stays_shut(
    desk: Browser, house: House, receive: Receive
) -> None:
    receipt = await receive()

    async def away(*_: object, **__: object) -> None:
        raise RedisConnectionError("away")

    house.redis.execute_command = away  # type: ignore[method-assign]
    page = await desk.get("/desk")
    assert page.status == 503
    assert "Skrivebordet kan ikke nås" in page.text
    assert page.headers["Retry-After"]
    kept = await desk.post(f"/desk/contacts/{receipt.reference}/note", text="Mit notat")
    assert kept.status == 503
    assert "Mit notat" in kept.text
    api = await desk.get("/api/v1/staff/contacts")
    assert api.status == 503
    assert "sessions_away" in api.text
    machine = await desk.get(
        "/api/v1/staff/contacts", headers={"Authorization": f"Bearer {TEST_TOKEN}"}
    )
    assert machine.status == 200


class TestOutsideTheDemo:
    """Without `demo` the staff token is asked for."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"demo": False})

    async def test_the_token_is_needed(self, browser: Open) -> None:
        person = await browser()
        page = (await person.get("/desk/login")).text
        assert "demonstration" not in page
        assert 'type="password"' in page
        assert (await person.log_in("lone-hvideklit")).status == 401
        assert (await person.log_in("lone-hvideklit", token="wrong")).status == 401
        assert (await person.get("/desk")).status == 303
        assert (await person.log_in("lone-hvideklit", token=TEST_TOKEN)).status == 303
        assert (await person.get("/desk")).status == 200

    async def test_guessing_has_to_wait(self, browser: Open) -> None:
        person = await browser()
        for _ in range(10):
            assert (await person.log_in("lone-hvideklit", token="wrong")).status == 401
        assert (await person.log_in("lone-hvideklit", token=TEST_TOKEN)).status == 429


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"csrf=1", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"csrf=\xff", "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=y"),
    ],
)
@pytest.mark.parametrize("path", ["/desk/login", "/desk/new", "/desk/contacts/1/note"])
async def test_a_form_that_cannot_be_read_is_refused(
    client: TestClient[web.Request, web.Application], path: str, body: bytes, content_type: str
) -> None:
    answer = await client.post(path, data=body, headers={"Content-Type": content_type})
    assert answer.status == 400
