"""Who may call us, and what happens with rubbish. Never a 500, never half a contact."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from twilio.request_validator import RequestValidator
from yarl import URL

from router.app import build_app
from router.house import House
from tests.twilio_caller import FORM, OUR_NUMBER, Provider, sign

VOICE = ("/twilio/voice", "/twilio/voice/1", "/twilio/fallback")
ALL = (*VOICE, "/twilio/status", "/twilio/sms")

# The example of Twilio's documentation ("Security", validating requests).
VECTOR_URL = "https://example.com/myapp.php?foo=1&bar=2"
VECTOR_FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}
VECTOR_TOKEN = "12345"
VECTOR_SIGNATURE = "L/OH5YylLD5NRKLltdqwSvS0BnU="


async def nothing(house: House) -> bool:
    return (await house.contacts.list()).items == []


def test_the_official_vector() -> None:
    assert sign(VECTOR_TOKEN, VECTOR_URL, VECTOR_FIELDS.items()) == VECTOR_SIGNATURE
    validator = RequestValidator(VECTOR_TOKEN)
    assert validator.validate(VECTOR_URL, VECTOR_FIELDS, VECTOR_SIGNATURE)


@pytest.mark.parametrize("path", ALL)
async def test_only_the_provider_may_call(house: House, provider: Provider, path: str) -> None:
    call = provider.call()
    params = call.params(MessageSid="SM1" * 8, Body="hej", CallStatus="completed")
    right = sign(provider.token, provider.public + path, params.items())
    digest = hmac.digest(b"another token", (provider.public + path).encode(), hashlib.sha1)
    forged = [
        None,
        " ",
        "rubbish",
        "æøå",
        right[:-2] + "==",
        right.lower(),
        sign("", provider.public + path, params.items()),
        sign("another token", provider.public + path, params.items()),
        sign(provider.token, provider.public + path + "/", params.items()),
        sign(provider.token, provider.public + path + "?x=1", params.items()),
        sign(provider.token, provider.public + path, [*params.items(), ("Digits", "1")]),
        base64.b64encode(digest).decode(),
    ]
    for signature in forged:
        assert (await provider.post(path, params, signature=signature)).status == 403
    assert await nothing(house)


@pytest.mark.parametrize("path", ALL)
async def test_another_account_is_refused(house: House, provider: Provider, path: str) -> None:
    foreign = provider.call().params(AccountSid="AC" + "f" * 32, MessageSid="SM" + "1" * 32)
    assert (await provider.post(path, foreign)).status == 403
    del foreign["AccountSid"]
    assert (await provider.post(path, foreign)).status == 403
    assert await nothing(house)


async def test_other_methods(client: TestClient[web.Request, web.Application]) -> None:
    for path in ALL:
        for method in ("GET", "PUT", "DELETE"):
            async with client.request(method, path) as response:
                assert response.status == 405


@pytest.mark.parametrize("path", ALL)
async def test_without_a_sid_nothing_can_be_done(
    house: House, provider: Provider, path: str
) -> None:
    for sid in (None, "", "CA' OR 1=1", "CA\0", "x" * 65, "../../etc"):
        params = provider.call().params(Body="hej")
        params.pop("CallSid")
        if sid is not None:
            params["CallSid"] = sid
        assert (await provider.post(path, params)).status == 400
    assert await nothing(house)


@pytest.mark.parametrize("path", ALL)
async def test_the_smallest_webhook(provider: Provider, path: str) -> None:
    params = {"CallSid": provider.call().sid, "AccountSid": provider.account_sid}
    answer = await provider.post(path, params)
    if path == "/twilio/status":
        assert answer.status == 204
    elif path == "/twilio/sms":
        assert answer.status == 200
    else:
        assert answer.voice is not None


RUBBISH = (
    "",
    " ",
    "\0",
    "🙂" * 50,
    "a" * 5000,
    "<Response><Hangup/></Response>",
    "'; DROP TABLE contacts; --",
    "\u202e\u0000\ud7ff",
    "-1",
    "999999999999999999999",
)
NAMES = (
    "From",
    "To",
    "Digits",
    "SpeechResult",
    "Confidence",
    "CallStatus",
    "SequenceNumber",
    "Direction",
    "ErrorCode",
    "ErrorUrl",
    "Body",
    "NumMedia",
    "Unknown",
)


@pytest.mark.parametrize("path", ALL)
async def test_rubbish_in_every_parameter(provider: Provider, path: str) -> None:
    for name in NAMES:
        for rubbish in RUBBISH:
            params = provider.call().params(MessageSid="", **{name: rubbish})
            answer = await provider.post(path, params)
            assert answer.status in (200, 204, 400), (name, rubbish, answer)
            if path in VOICE and answer.status == 200:
                assert answer.voice is not None


async def test_parameters_given_twice_are_signed_and_taken_once(
    house: House, provider: Provider
) -> None:
    call = provider.call()
    pairs = [*call.params().items(), ("From", "+4531415161"), ("Digits", "7"), ("Digits", "8")]
    assert (await provider.post("/twilio/voice", pairs)).status == 200
    assert len((await house.contacts.list()).items) == 1


@pytest.mark.parametrize(
    "query", ["?a=b%20c&d=%C3%A6", "?a=b+c", "?empty=&=x", "?x=%2f%2F", "?a=1&a=1", "?;,:@!$'()*"]
)
async def test_the_address_is_signed_byte_by_byte(provider: Provider, query: str) -> None:
    params = provider.call().params()
    # Sent as it stands: a client that tidied the address up would break the signature.
    address = URL(f"{provider.connect}/twilio/voice{query}", encoded=True)
    signature = sign(provider.token, f"{provider.public}/twilio/voice{query}", params.items())
    headers = {"X-Twilio-Signature": signature, "Content-Type": FORM}
    async with provider.session.post(address, data=urlencode(params), headers=headers) as response:
        assert response.status == 200


async def test_a_form_of_another_kind(
    house: House, provider: Provider, client: TestClient[web.Request, web.Application]
) -> None:
    for content_type in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
        async with client.post(
            "/twilio/voice",
            data=b'{"CallSid": "CA1"}',
            headers={"Content-Type": content_type, "X-Twilio-Signature": "x"},
        ) as response:
            assert response.status == 415
    for charset in ("utf-99", "utf-16", "ascii"):
        async with client.post(
            "/twilio/voice",
            data=b"From=\xff\xfe\xc3",
            headers={"Content-Type": f"{FORM}; charset={charset}", "X-Twilio-Signature": "x"},
        ) as response:
            assert response.status in (400, 403)
    assert await nothing(house)


async def test_an_oversized_body_is_refused(house: House, provider: Provider) -> None:
    params = provider.call().params(SpeechResult="hej " * 3_000_000)
    assert (await provider.post("/twilio/voice", params)).status == 413
    assert await nothing(house)


async def test_long_speech_is_taken(house: House, provider: Provider) -> None:
    call = await provider.call().dial()
    await call.say("Jeg har en sag om byggetilladelse. " * 400)
    (head,) = (await house.contacts.list()).items
    view = await house.contacts.view(head.reference)
    assert max(len(event.body) for event in view.timeline) == 10_000


async def test_a_call_that_we_placed_is_not_a_caller(house: House, provider: Provider) -> None:
    placed = provider.call(OUR_NUMBER, Direction="outbound-api")
    assert (await provider.post("/twilio/voice", placed.params())).status == 400
    assert await nothing(house)


async def test_without_a_token_nobody_may_call(house: House, provider: Provider) -> None:
    """A service without credentials refuses even what an empty token would sign."""
    settings = house.settings.model_copy(
        update={"twilio_auth_token": "", "demo": False, "roles": frozenset({"phone"})}
    )
    # The same house without a token: its senders are registered already.
    bare = replace(house, settings=settings, outbox=_NoOutbox())  # type: ignore[arg-type]
    async with TestServer(build_app(bare, workers=False)) as server, ClientSession() as session:
        empty = Provider(
            session,
            settings.public_base_url,
            settings.twilio_account_sid,
            "",
            connect=str(server.make_url("/")).rstrip("/"),
        )
        assert (await empty.post("/twilio/voice", empty.call().params())).status == 403


class _NoOutbox:
    """Takes registrations and nothing else."""

    def register(self, kind: str, sender: object) -> None:
        assert kind
        assert sender
