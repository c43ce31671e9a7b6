"""Pairs: a mail as it came, and what reading it must answer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from channels.mail.reading import Envelope, Reading, read

LETTERS = Path(__file__).parent / "letters"
NAMES = sorted(path.stem for path in LETTERS.glob("*.eml"))


def answers(reading: Reading) -> dict[str, Any]:
    """A reading in the words of the expectation files."""
    automatic, bounce = reading.automatic, reading.bounce
    return {
        "sender": reading.sender.address,
        "name": reading.sender.name,
        "subject": reading.subject,
        "text": reading.text,
        "message_id": reading.message_id,
        "in_reply_to": list(reading.in_reply_to),
        "references": list(reading.references),
        "receivers": list(reading.receivers),
        "files": len(reading.attachments),
        "flags": sorted(reading.flags),
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "sha256": hashlib.sha256(file.content).hexdigest(),
            }
            for file in reading.attachments
        ],
        "automatic": {
            "may_acknowledge": automatic.may_acknowledge,
            "is_machine": automatic.is_machine,
            "may_reopen": automatic.may_reopen,
            "why": automatic.why,
        },
        "bounce": bounce
        and {
            "action": bounce.action,
            "status": bounce.status,
            "original_message_id": bounce.original_message_id,
        },
    }


@pytest.mark.parametrize("name", NAMES)
def test_letter_is_read_as_expected(name: str) -> None:
    raw = (LETTERS / f"{name}.eml").read_bytes()
    expected = json.loads((LETTERS / f"{name}.json").read_text(encoding="utf-8"))
    envelope = Envelope(
        expected["envelope"]["sender"], tuple(expected.pop("envelope")["recipients"])
    )
    found = answers(read(raw, envelope))
    expected.setdefault("flags", [])
    expected.setdefault("bounce", None)
    if "automatic" in expected:
        expected["automatic"].setdefault("why", "")
    if "attachments" not in expected:
        expected.setdefault("files", 0)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_line_ends_change_nothing_that_is_read(name: str) -> None:
    raw = (LETTERS / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n")
    unix, smtp = (
        answers(read(form, Envelope("a@b.example"))) for form in (raw, raw.replace(b"\n", b"\r\n"))
    )
    # Files that are text keep the line ends that they came with.
    for found in (unix, smtp):
        found.pop("attachments")
    assert unix == smtp


def test_every_expectation_has_its_letter() -> None:
    assert sorted(path.stem for path in LETTERS.glob("*.json")) == NAMES
    assert len(NAMES) >= 20
