"""Black box: a citizen's mail, seen from outside the running service."""

from __future__ import annotations

import json
import re
import smtplib
import threading
import time
import urllib.request
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from tests.running import Running

TO = "kontakt@frederikssund.example"
PATIENCE = 30.0


def write(number: int, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Mette Sørensen <mette{number}@post.example>"
    message["To"] = TO
    message["Subject"] = f"Carport {number}"
    message["Message-ID"] = f"<rejse-{number}@post.example>"
    message.set_content(text)
    return message


def send(running: Running, message: EmailMessage, to: str = TO) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=20) as smtp:
        sender = str(message["From"].addresses[0].addr_spec)
        smtp.send_message(message, sender, [to])


def delivered(running: Running) -> list[EmailMessage]:
    """What the demo mailbox holds, oldest first."""
    folder = running.data_dir / "demo-mail"
    files = sorted(folder.glob("*.eml")) if folder.is_dir() else []
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def for_receiver(running: Running, address: str, count: int = 1) -> list[EmailMessage]:
    """Wait until `count` mails for `address` are there."""
    until = time.monotonic() + PATIENCE
    while True:
        found = [mail for mail in delivered(running) if mail["Delivered-To"] == address]
        if len(found) >= count:
            return found
        assert time.monotonic() < until, f"{len(found)} of {count} mails\n{running.log()[-3000:]}"
        time.sleep(0.1)


def page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def staff(running: Running, path: str) -> Any:
    request = urllib.request.Request(
        f"{running.base_url}/api/v1/staff/{path}",
        headers={"Authorization": f"Bearer {running.staff_token}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_a_citizens_mail_is_answered_handed_on_and_continued(running: Running) -> None:
    send(running, write(1, "Må jeg bygge en carport? Mit CPR-nummer er 221177-1212."))

    (receipt,) = for_receiver(running, "mette1@post.example")
    text = plain(receipt)
    match = re.search(r"\b(\d{3}) (\d{3}) (\d{3})\b", text)
    assert match
    reference = "".join(match.groups())
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert code
    assert "221177" not in receipt.as_string()
    assert "senest" in text

    contact = staff(running, f"contacts/{reference}")
    assert contact["channel"] == "mail"
    (handed_on,) = handed_on_about(running, reference)
    assert handed_on["From"] == "Mette Sørensen <mette1@post.example>"

    # The mailbox page shows both, and the receipt's text can be read there.
    listed = page(f"{running.base_url}/demo/mail?to=mette1@post.example")
    opened = re.search(r"/demo/mail/[0-9a-f-]{33}", listed)
    assert opened
    assert code.group() in page(running.base_url + opened.group())
    assert str(handed_on["Delivered-To"]) in page(f"{running.base_url}/demo/mail")

    # An answer to the receipt becomes part of the same contact.
    answer = write(1, "Carporten er 20 m2.")
    del answer["Message-ID"]
    answer["Message-ID"] = "<rejse-1-svar@post.example>"
    send(running, answer, str(receipt["Reply-To"]))
    until = time.monotonic() + PATIENCE
    while True:
        timeline = staff(running, f"contacts/{reference}")["timeline"]
        if "message" in [event["kind"] for event in timeline]:
            break
        assert time.monotonic() < until
        time.sleep(0.1)
    assert len(staff(running, "contacts")["items"]) == 1


def handed_on_about(running: Running, reference: str) -> list[EmailMessage]:
    """Wait for the mail that was handed on about `reference`."""
    until = time.monotonic() + PATIENCE
    while True:
        found = [mail for mail in delivered(running) if mail["X-Indgang-Reference"] == reference]
        if found:
            return found
        assert time.monotonic() < until
        time.sleep(0.1)


def test_every_mail_that_was_taken_survives_kill_9(running: Running) -> None:
    accepted: list[int] = []
    stop = threading.Event()

    def write_on() -> None:
        number = 100
        while not stop.is_set():
            number += 1
            try:
                send(running, write(number, f"Nummer {number}"))
            except (OSError, smtplib.SMTPException):
                # Not taken: as a real mail server, try the very same mail again.
                number -= 1
                time.sleep(0.05)
            else:
                accepted.append(number)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for kills in range(1, 4):
            wait_until(lambda kills=kills: len(accepted) >= 15 * kills)
            running.kill9()
            running.start()
        wait_until(lambda: len(accepted) >= 60)
    finally:
        stop.set()
        writer.join()

    expected = sorted(f"Carport {number}" for number in accepted)
    wait_until(lambda: len(all_contacts(running)) >= len(expected))
    contacts = all_contacts(running)
    assert sorted(contact["subject"] for contact in contacts) == expected
    assert all(contact["department"] and contact["next_due_at"] for contact in contacts)


def all_contacts(running: Running) -> list[dict[str, Any]]:
    contacts: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = staff(running, f"contacts?limit=100{cursor and f'&cursor={cursor}'}")
        contacts += answer["items"]
        cursor = answer["cursor"]
    return contacts


def wait_until(reached: Any) -> None:
    until = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.05)
