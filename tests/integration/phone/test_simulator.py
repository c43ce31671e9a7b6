"""The demo's small Twilio is honest: it signs, obeys, falls back and refuses as the real one."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.demo.provider import PhoneCall, SmallTwilio, Unreachable
from router.house import House
from tests.twilio_caller import sign

Client = TestClient[web.Request, web.Application]
TOKEN = "t" * 32
SID = "AC" + "3" * 32


class Script:
    """A service that answers what the test wrote down, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, str | int] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.signed: list[bool] = []
        self.public = ""

    async def answer(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in (await request.post()).items()}
        url = self.public + request.raw_path
        self.signed.append(
            request.headers["X-Twilio-Signature"] == sign(TOKEN, url, fields.items())
        )
        self.asked.append((request.raw_path, fields))
        answer = self.answers.get(request.path, 204)
        if isinstance(answer, int):
            return web.Response(status=answer)
        return web.Response(text=answer, content_type="text/xml")


@pytest.fixture
async def script() -> Script:
    return Script()


@pytest.fixture
async def twilio(script: Script) -> AsyncIterator[SmallTwilio]:
    app = web.Application()
    app.router.add_post("/{tail:.*}", script.answer)
    async with TestServer(app) as server:
        script.public = str(server.make_url("/")).rstrip("/")
        twilio = SmallTwilio(SID, TOKEN, script.public, "+4547351000")
        await twilio.open()
        yield twilio
        await twilio.close()


def said(call: PhoneCall) -> list[str]:
    return [event["text"] for event in call.events if event["kind"] == "say"]


async def test_it_signs_and_names_itself(script: Script, twilio: SmallTwilio) -> None:
    script.answers["/twilio/voice"] = "<Response><Say>Hej</Say></Response>"
    call = await twilio.dial("+4520304050")
    assert script.signed == [True, True]
    (voice, params), (status, ended) = script.asked
    assert voice == "/twilio/voice"
    assert params["CallSid"] == call.sid
    assert params["From"] == "+4520304050"
    assert params["Direction"] == "inbound"
    assert (status, ended["CallStatus"], ended["SequenceNumber"]) == (
        "/twilio/status",
        "completed",
        "0",
    )
    assert said(call) == ["Hej"]
    assert call.ended


GATHER = (
    '<Response><Gather action="/next?a=1" input="dtmf" finishOnKey="#"><Say>Tal</Say></Gather>'
    "<Say>For sent</Say><Hangup/></Response>"
)


async def test_keys_are_gathered_until_the_last(script: Script, twilio: SmallTwilio) -> None:
    script.answers["/twilio/voice"] = GATHER
    script.answers["/next"] = "<Response><Redirect>/twilio/voice</Redirect></Response>"
    call = await twilio.dial("+4520304050")
    for key in "12":
        await twilio.press(call, key)
    assert [path for path, _ in script.asked] == ["/twilio/voice"]
    await twilio.press(call, "#")
    assert [path for path, _ in script.asked][1:] == ["/next?a=1", "/twilio/voice"]
    assert script.asked[1][1]["Digits"] == "12"
    assert all(script.signed)
    # Nobody listens for speech here; silence goes on to what follows.
    await twilio.speak(call, "hallo")
    assert len(script.asked) == 3
    await twilio.keep_silent(call)
    assert said(call)[-1] == "For sent"
    assert call.ended


@pytest.mark.parametrize("broken", [500, 404, "<Response>", "hello"])
async def test_a_failing_webhook_goes_to_the_fallback(
    script: Script, twilio: SmallTwilio, broken: str | int
) -> None:
    script.answers["/twilio/voice"] = broken
    script.answers["/twilio/fallback"] = "<Response><Say>Vi ringer tilbage</Say></Response>"
    call = await twilio.dial("+4520304050")
    assert said(call) == ["Vi ringer tilbage"]
    path, params = script.asked[1]
    assert path == "/twilio/fallback"
    assert params["ErrorCode"] in ("11200", "12100")
    assert params["ErrorUrl"] == script.public + "/twilio/voice"


async def test_when_the_fallback_fails_too_the_call_ends(
    script: Script, twilio: SmallTwilio
) -> None:
    script.answers["/twilio/voice"] = script.answers["/twilio/fallback"] = 500
    call = await twilio.dial("+4520304050")
    assert call.ended
    assert "application error" in said(call)[0]


async def test_a_circle_and_an_unknown_verb_end_the_call(
    script: Script, twilio: SmallTwilio
) -> None:
    script.answers["/twilio/voice"] = "<Response><Redirect>/twilio/voice</Redirect></Response>"
    assert (await twilio.dial("+4520304050")).ended
    assert len(script.asked) < 30
    script.answers["/twilio/voice"] = "<Response><Sing/></Response>"
    call = await twilio.dial("+4520304050")
    assert call.ended
    assert {"kind": "unknown", "verb": "Sing"} in call.events


async def test_it_calls_nobody_but_us(script: Script, twilio: SmallTwilio) -> None:
    script.answers["/twilio/voice"] = (
        "<Response><Redirect>http://192.0.2.1/evil</Redirect></Response>"
    )
    script.answers["/twilio/fallback"] = "<Response><Hangup/></Response>"
    call = await twilio.dial("+4520304050")
    assert call.ended
    assert [path for path, _ in script.asked][1] == "/twilio/fallback"


async def test_a_text_without_an_answer(script: Script, twilio: SmallTwilio, house: House) -> None:
    script.answers["/twilio/sms"] = 500
    with pytest.raises(Unreachable):
        await twilio.text_us("+4520304050", "hej", house.clock.now())


async def post(client: Client, path: str, body: Any, status: int, **headers: str) -> Any:
    async with client.post(path, json=body, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def test_a_call_through_the_page(client: Client, house: House) -> None:
    call = await post(client, "/demo/phone/calls", {"number": "+4520304050"}, 201)
    assert call["listening"] == {"keys": True, "speech": True, "finish": "#"}
    address = f"/demo/phone/calls/{call['sid']}"
    call = await post(client, f"{address}/input", {"words": "byggetilladelse"}, 200)
    assert "Byggesager" in call["events"][0]["text"]
    call = await post(client, f"{address}/input", {"key": "1"}, 200)
    assert call["ended"]
    (head,) = (await house.contacts.list()).items
    assert head.department == "byg"
    # The receipt reaches the simulated phone by the provider's own REST API.
    await house.outbox.send_due()
    async with client.get("/demo/phone/messages", params={"number": "+4520304050"}) as response:
        (message,) = (await response.json())["messages"]
    assert "Byggesager ringer til dig" in message["body"]
    assert not message["sent"]


async def test_rubbish_at_the_page(client: Client) -> None:
    calls = "/demo/phone/calls"
    await post(client, calls, {"number": "abc"}, 422)
    await post(client, calls, {"number": "+4520304050", "x": 1}, 422)
    await post(client, calls, {}, 422)
    await post(client, calls, {"number": "anonymous"}, 403, **{"Sec-Fetch-Site": "cross-site"})
    await post(client, f"{calls}/CAx/input", {"key": "1"}, 404)
    await post(client, f"{calls}/CAx/hangup", {}, 404)
    await post(client, f"{calls}/CAx/input", {"key": "12"}, 422)
    await post(client, "/demo/phone/messages", {"number": "+4520304050", "body": ""}, 422)


async def test_the_rest_api_refuses_as_twilio_does(client: Client, house: House) -> None:
    settings = house.settings
    address = f"/demo/twilio/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
    plain = f"{settings.twilio_account_sid}:{settings.twilio_auth_token}"
    right = {"Authorization": "Basic " + base64.b64encode(plain.encode()).decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}
    for headers, form, status, code in [
        ({}, {"To": "+4520304050", "Body": "x"}, 401, 20003),
        (wrong, {"To": "+4520304050", "Body": "x"}, 401, 20003),
        ({"Authorization": "Basic !"}, {"To": "+4520304050", "Body": "x"}, 401, 20003),
        (right, {"To": "abc", "Body": "x"}, 400, 21211),
        (right, {"Body": "x"}, 400, 21604),
        (right, {"To": "+4520304050"}, 400, 21602),
    ]:
        async with client.post(address, data=form, headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (status, code)
