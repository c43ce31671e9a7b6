"""A citizen's way through the web, from outside: only HTTP, only what is on the page."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from html import unescape
from typing import Any

from tests.running import Running


class Citizen:
    """A browser without JavaScript."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def get(self, path: str) -> str:
        return self._page(urllib.request.Request(self.base + path))

    def send(self, html: str, action: str, **written: str) -> str:
        """Fill in the form on the page `html` that goes to `action`, and send it."""
        form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', html, re.S)
        assert form is not None, action
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
        fields = set(re.findall(r'name="(\w+)"', form[0]))
        assert set(written) <= fields
        body = urllib.parse.urlencode(hidden | written).encode()
        return self._page(urllib.request.Request(self.base + action, data=body))

    def _page(self, request: urllib.request.Request) -> str:
        request.add_header("Accept", "text/html")
        try:
            with self.open.open(request, timeout=30) as answer:
                return unescape(answer.read().decode())
        except urllib.error.HTTPError as refusal:
            return unescape(refusal.read().decode())


def found(pattern: str, html: str) -> str:
    match = re.search(pattern, html, re.S)
    assert match is not None, pattern
    return match[1].strip()


def api(
    running: Running, path: str, body: dict[str, Any] | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        running.base_url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_from_the_form_to_the_answer(running: Running) -> None:
    citizen = Citizen(running.base_url)
    form = citizen.get("/")
    # A mistake first: nothing that was written is lost.
    text = "Vores nabo har bygget et skur i skel uden byggetilladelse. Må man det?"
    page = citizen.send(form, "/", text=text, name="Ane Åkjær", phone="2030", call_me="yes")
    assert "Der er noget, der skal rettes" in page
    assert text in page
    receipt = citizen.send(page, "/", text=text, name="Ane Åkjær", phone="20304050", call_me="yes")
    reference = found(r'id="reference">([\d ]+)<', receipt)
    code = found(r'id="access-code">([0-9A-Z-]+)<', receipt)
    promise = found(r'class="font-lead"><strong>(.*?)</strong>', receipt)
    assert "Byggesager ringer til dig på" in promise
    # The receipt is read again by reloading it, and the status opens from it.
    assert found(r'id="reference">([\d ]+)<', citizen.get("/kvittering")) == reference
    assert promise in citizen.send(receipt, "/status")

    # Another day, another machine: the number and the code are enough.
    elsewhere = Citizen(running.base_url)
    asked = elsewhere.get("/status")
    status = elsewhere.send(asked, "/status", reference=reference, code=code.lower())
    assert promise in status
    status = elsewhere.send(status, "/status/besked", text="Det er Havnegade 4.")
    assert "Tak. Vi har fået din besked." in status
    assert "Det er Havnegade 4." in status
    wrong = elsewhere.send(asked, "/status", reference=reference, code="0000-0000")
    assert "Vi har ingen henvendelse med det nummer" in wrong

    # Staff see the same contact, owned and due.
    code_, contact = api(
        running,
        f"/api/v1/staff/contacts/{reference.replace(' ', '')}",
        Authorization=f"Bearer {running.staff_token}",
    )
    assert code_ == 200
    assert "Havnegade" in json.dumps(contact, ensure_ascii=False)
    # And the log has no word of it.
    log = running.log()
    assert not any(word in log for word in ("Åkjær", "Havnegade", "20304050", code, "skur"))


def test_in_english(running: Running) -> None:
    citizen = Citizen(running.base_url)
    form = citizen.get("/?lang=en")
    receipt = citizen.send(form, "/?lang=en", text="My passport has expired. What do I do?")
    assert "Thank you. We have your enquiry" in receipt
    assert "will answer you no later than" in receipt
    status = citizen.send(receipt, "/status?lang=en")
    assert "What happens next" in status


def test_for_a_program(running: Running) -> None:
    body = {
        "channel": "web",
        "text": "Min datter mangler en plads i børnehave.",
        "name": "Bo",
        "email": "bo@eksempel.dk",
        "callback": {"phone": "+4520304050"},
    }
    status, receipt = api(running, "/api/v1/contacts", body, Idempotency_Key="k-1")
    assert status == 201
    assert api(running, "/api/v1/contacts", body, Idempotency_Key="k-1") == (201, receipt)
    assert receipt["department"] == "dagtilbud"
    assert receipt["promise"]["kind"] == "callback"
    url = f"/api/v1/contacts/{receipt['reference']}"
    status, _ = api(
        running, f"{url}/messages", {"text": "Hun er 3 år."}, X_Access_Code=receipt["access_code"]
    )
    assert status == 201
    status, contact = api(running, url, X_Access_Code=receipt["access_code"])
    assert status == 200
    assert contact["owner"] == receipt["owner"]
    assert [step["text"] for step in contact["timeline"]] == [body["text"], "Hun er 3 år."]
    status, problem = api(running, "/api/v1/contacts", {"text": ""})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/text")


def test_a_receipt_outlives_a_crash(running: Running) -> None:
    citizen = Citizen(running.base_url)
    receipt = citizen.send(citizen.get("/"), "/", text="Hvornår henter I haveaffald?")
    reference = found(r'id="reference">([\d ]+)<', receipt)
    running.kill9()
    running.start()
    assert reference in citizen.get("/kvittering")
    assert "Hvornår henter I haveaffald?" in citizen.send(receipt, "/status")
