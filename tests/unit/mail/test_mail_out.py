"""Mail that we write, and mail that we hand on: no I/O."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import jinja2
import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from channels.mail.alerts import LONGEST_LIST, Alert, Line
from channels.mail.composing import Composer, Tell
from channels.mail.identity import Identity
from channels.mail.reading import Envelope, read
from channels.mail.redirecting import redirected
from router.config import Municipality, load
from router.errors import PermanentFailure
from router.model import PromiseGiven, PromiseKind
from router.reference import grouped, reference_for
from router.settings import demo_configuration

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REFERENCE = reference_for(31957, b"x" * 32)
SHOWN = grouped(REFERENCE)


@pytest.fixture(scope="module")
def municipality() -> Municipality:
    return load(demo_configuration())


@pytest.fixture(scope="module")
def identity(municipality: Municipality) -> Identity:
    return Identity(municipality, b"x" * 32)


@pytest.fixture(scope="module")
def composer(municipality: Municipality, identity: Identity) -> Composer:
    return Composer(lambda: municipality, identity, "https://indgang.example")


def tell(template: str = "receipt", language: str = "da") -> Tell:
    return Tell(
        template=template,
        to="mette@post.example",
        language=language,
        reference=REFERENCE,
        access_code="K7QM-2XRP",
        department="borgerservice",
        promise=PromiseGiven(PromiseKind.CALLBACK, None, NOW + timedelta(days=1), "+4520304050"),
        tried_at=NOW,
        retry_at=NOW + timedelta(hours=3),
        in_reply_to="<hendes@post.example>",
    )


def parts(message: EmailMessage) -> tuple[str, str]:
    parsed = message_from_bytes(message.as_bytes(), policy=default)
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    return plain.get_content(), html.get_content()


@pytest.mark.parametrize(
    "template", ["receipt", "tried", "rescheduled", "withdrawn", "unreachable"]
)
@pytest.mark.parametrize("language", ["da", "en", "de"])
def test_a_citizen_reads_who_what_when_and_how(
    composer: Composer, template: str, language: str
) -> None:
    message = composer.tell(7, tell(template, language), NOW)
    for text in parts(message):
        assert SHOWN in text
        assert "K7QM-2XRP" in text
        assert "47 35 10 00" in text
        assert "https://indgang.example/status" in text
    assert SHOWN in message["Subject"]
    danish = language == "da"
    assert ("Hej" in parts(message)[0]) is danish
    assert ("Hello" in parts(message)[0]) is not danish
    assert message["Content-Language"] == ("da" if danish else "en")


def test_the_receipt_says_the_promise(composer: Composer) -> None:
    text, html = parts(composer.tell(7, tell(), NOW))
    promise = (
        "Borgerservice ringer til dig på 20 30 40 50 senest tirsdag den 24. november kl. 10.00."
    )
    assert promise in text
    assert promise in html


def test_an_acknowledgement_can_be_known_again(composer: Composer, identity: Identity) -> None:
    message = composer.tell(7, tell(), NOW)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert identity.is_loop_mark(message["X-Indgang-Loop"])
    assert identity.effect_of(message["Message-ID"]) == 7
    assert identity.reference_in(message["Reply-To"]) == REFERENCE
    assert message["In-Reply-To"] == message["References"] == "<hendes@post.example>"
    # Our own reading must never want to answer it.
    assert not read(message.as_bytes(), Envelope("x@y.example")).automatic.may_acknowledge


def test_a_second_attempt_is_the_same_mail(composer: Composer) -> None:
    assert composer.tell(7, tell(), NOW).as_bytes() == composer.tell(7, tell(), NOW).as_bytes()


@pytest.mark.parametrize("what", ["warning", "late", "failed", "offered"])
def test_an_alert_has_a_link_and_no_code(composer: Composer, what: str) -> None:
    message = composer.alert(9, Alert(what, "job@frederikssund.example", REFERENCE, NOW), NOW)
    for text in parts(message):
        assert f"https://indgang.example/desk/contacts/{REFERENCE}" in text
        assert SHOWN in text
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "job@frederikssund.example"


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("owner", "Det er dit."),
        ("deputy", "Du får besked som stedfortræder."),
        ("department", "Det ligger hos Jobcenter."),
        ("leader", "Du får besked som leder af Jobcenter."),
        ("administrator", "Du får besked som administrator."),
    ],
)
def test_an_alarm_says_what_when_how_late_and_why_you(
    composer: Composer, role: str, said: str
) -> None:
    kind, due = PromiseKind.DOCUMENT_ACCESS, NOW - timedelta(hours=3, minutes=20)
    late = Alert("late", "x@frederikssund.example", REFERENCE, due, kind, role, "job")
    for text in parts(composer.alert(9, late, NOW)):
        assert "Aktindsigt: 3 timer over tiden." in text
        assert said in text
    early = Alert("warning", late.to, REFERENCE, NOW + timedelta(days=4), kind, role, "job")
    for text in parts(composer.alert(9, early, NOW)):
        assert "Aktindsigt: 4 dage tilbage." in text


def test_a_list_of_one_promise_is_said_in_the_singular(composer: Composer) -> None:
    lines = [Line(REFERENCE, PromiseKind.CALLBACK, NOW)]
    message = composer.alert_list(9, "job@frederikssund.example", lines, 1, NOW)
    assert message["Subject"] == "1 løfte haster eller er over tiden"
    for text in parts(message):
        assert "1 løfte haster" in text
        assert "løfter" not in text


def test_a_list_of_alarms_names_the_first_and_counts_the_others(composer: Composer) -> None:
    lines = [
        Line(REFERENCE, PromiseKind.CALLBACK, NOW - timedelta(days=3, minutes=minute))
        for minute in range(60)
    ]
    message = composer.alert_list(9, "job@frederikssund.example", lines, 73, NOW)
    assert message["Subject"] == "73 løfter haster eller er over tiden"
    plain, html = parts(message)
    assert plain.count(f"/desk/contacts/{REFERENCE}") == LONGEST_LIST
    assert html.count(f"/desk/contacts/{REFERENCE}") == LONGEST_LIST
    for text in (plain, html):
        assert "3 dage over tiden" in text
        assert "og 23 flere." in text
        assert "https://indgang.example/desk" in text


def test_marks_of_others_are_not_ours(identity: Identity, municipality: Municipality) -> None:
    other = Identity(municipality, b"y" * 32)
    assert identity.effect_of(other.message_id(7)) is None
    assert identity.effect_of(identity.message_id(7).replace("<7.", "<8.")) is None
    assert identity.effect_of("<7@frederikssund.example>") is None
    assert not identity.is_loop_mark(other.loop_mark(7))
    assert identity.reference_in(other.reply_address(REFERENCE)) is None
    assert not identity.accepts(other.reply_address(REFERENCE))


def test_our_addresses(identity: Identity) -> None:
    assert identity.accepts("Kontakt@Frederikssund.example")
    assert identity.accepts("postmaster")
    assert identity.accepts("postmaster@frederikssund.example")
    assert identity.accepts(identity.reply_address(REFERENCE).upper())
    assert identity.accepts(identity.return_address(REFERENCE))
    assert not identity.accepts("nogen@andetsted.example")
    assert not identity.accepts("borgerservice@frederikssund.example")
    assert not identity.accepts(f"svar+{REFERENCE}@frederikssund.example")


RAW = b"From: A <a@post.example>\r\nDKIM-Signature: x\r\nSubject: H\xf8\r\n\r\nTekst\r\n.\r\n"


def hand_on(identity: Identity, raw: bytes) -> bytes:
    return redirected(
        raw,
        effect_id=5,
        mail_id=3,
        peer="192.0.2.1",
        received_at=NOW,
        received_for="kontakt@frederikssund.example",
        to="job@frederikssund.example",
        reference=REFERENCE,
        identity=identity,
        now=NOW,
    )


def test_a_redirect_changes_nothing_of_the_mail(identity: Identity) -> None:
    out = hand_on(identity, RAW)
    assert out.endswith(RAW)
    message = message_from_bytes(out)
    assert message["From"] == "A <a@post.example>"
    assert message["Resent-To"] == "<job@frederikssund.example>"
    assert message["Received"].startswith("from [192.0.2.1]")
    assert message.get_payload() == "Tekst\r\n.\r\n"


def test_a_blank_line_in_front_does_not_hide_the_headers(identity: Identity) -> None:
    assert message_from_bytes(hand_on(identity, b"\r\n" + RAW))["From"] == "A <a@post.example>"


def test_a_mail_that_goes_in_circles_is_not_handed_on(identity: Identity) -> None:
    with pytest.raises(PermanentFailure, match="own_loop_mark"):
        hand_on(identity, hand_on(identity, RAW))
    with pytest.raises(PermanentFailure, match="too_many_hops"):
        hand_on(identity, b"Received: from x by y; now\r\n" * 51 + RAW)
    assert hand_on(identity, b"Received: from x by y; now\r\n" * 49 + RAW)


def test_a_foreign_loop_mark_stops_nothing(identity: Identity) -> None:
    assert hand_on(identity, b"X-Indgang-Loop: 5.abcdef\r\n" + RAW)


def messages_in(folder: Path, function: str) -> set[str]:
    """Source texts in the templates, and those marked in the code beside them."""
    found: set[str] = set()
    for path in sorted(folder.glob("templates/*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".txt", ".html"}:
            found |= {
                jinja2.Environment().from_string("{{ " + quoted + " }}").render()
                for quoted in re.findall(rf"\b(?:{function}|ngettext)\((\"[^\"]*\"|'[^']*')", text)
            }
    for path in sorted(folder.glob("*.py")):
        keywords = {"to_translate": None, "t": None}
        for _, message, _, _ in extract_from_file("python", path, keywords):
            found.add(str(message))
    return found


@pytest.mark.parametrize(
    ("folder", "function", "catalogue", "others"),
    [
        ("channels/mail", "_", "locale/da.po", set()),
        ("channels/demo", "t", "locale_mail/da.po", {"phone.html"}),
    ],
)
def test_every_text_is_in_danish(
    folder: str, function: str, catalogue: str, others: set[str]
) -> None:
    with (ROOT / folder / catalogue).open("rb") as file:
        entries = [entry for entry in read_po(file) if entry.id and entry.string]
    # Of a text that depends on a number, its first form.
    known = {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in entries}
    used = messages_in(ROOT / folder, function)
    assert len(used) > 20
    if folder == "channels/demo":
        # The phone simulator beside it has a catalogue of its own.
        with (ROOT / folder / "locale/da.po").open("rb") as file:
            used -= {str(entry.id) for entry in read_po(file) if entry.id} - known
    assert used - known == set()
    assert known - used == set()
