"""Reading never raises, whatever the bytes are, and what it answers can be stored."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reading import Envelope, Reading, read
from channels.mail.reading.html import text_of_html
from router.model import printable

LETTERS = [path.read_bytes() for path in (Path(__file__).parent / "letters").glob("*.eml")]
PIECES = st.sampled_from(
    [
        b"From: ",
        b"To: svar+1@frederikssund.example\n",
        b"Subject: =?utf-8?Q?",
        b"?=",
        b"=?x?B?####?=",
        b"Content-Type: multipart/mixed; boundary=a\n",
        b"Content-Type: multipart/mixed; boundary*0*=utf-8''%FF\n",
        b"Content-Type: text/html; charset=undefined\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n",
        b"Content-Type: text/plain; charset=idna\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"Content-Disposition: attachment; filename*=utf-16''%00%D8\n",
        b'Content-Disposition: attachment; filename="=?utf-8?Q?=00=ED=A0=80?="\n',
        b"Auto-Submitted: ;;;\n",
        b"\n",
        b"\r\n\r\n",
        b"\n--a\n",
        b"\n--a--\n",
        b"begin 644 x\n#AA\nend\n",
        b"<![CDATA[<p>",
        b"\x00\xff\xed\xa0\x80",
    ]
)


def must_be_storable(reading: Reading) -> None:
    texts = [
        reading.subject,
        reading.text,
        reading.sender.name,
        reading.sender.address,
        reading.message_id,
        *reading.receivers,
        *(file.filename for file in reading.attachments),
        *(file.content_type for file in reading.attachments),
    ]
    assert [text for text in texts if text != printable(text)] == []
    assert [text for text in texts[4:] + texts[:1] if "\n" in text or "\r" in text] == []


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=60)), max_size=30))
def test_any_bytes_are_read(pieces: list[bytes]) -> None:
    must_be_storable(read(b"".join(pieces), Envelope("a@b.example", ("kontakt@x.example",))))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(LETTERS),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=12),
)
def test_damaged_mails_are_read(letter: bytes, damage: list[tuple[int, bytes]]) -> None:
    raw = bytearray(letter[:6000])
    for place, content in damage:
        raw[place : place + len(content)] = content
    must_be_storable(read(bytes(raw), Envelope()))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_any_html_becomes_text(html: str) -> None:
    assert "<script" not in text_of_html(f"<p>{html}<script>x</script>").lower() or "<" in html


def nested(levels: int) -> bytes:
    start = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels)
    )
    return b"From: a@b.example\nSubject: Dyb\n" + start + b"Content-Type: text/plain\n\nbund\n"


@pytest.mark.parametrize("levels", [30, 100, 2000])
def test_deep_nesting_keeps_sender_subject_and_the_whole_mail(levels: int) -> None:
    raw = nested(levels)
    reading = read(raw, Envelope("a@b.example"))
    assert (reading.sender.address, reading.subject) == ("a@b.example", "Dyb")
    assert reading.text == "bund" or reading.attachments[-1].content == raw


HOSTILE = {
    "unfinished encoded words": b"Subject: " + b"=?utf-8?Q?" * 100_000 + b"\n\nx",
    "addresses": b"To: " + b"a@b," * 200_000 + b"\nFrom: " + b"<" * 200_000 + b"\n\nx",
    "at signs": b"From: " + b"a" * 100_000 + b"@" * 100_000 + b"\n\nx",
    "headers": b"X: y\n" * 100_000 + b"\nx",
    "references": b"References: " + b"<a@b> " * 100_000 + b"\n\nx",
    "boundaries": b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 20_000,
    "tags": b"Content-Type: text/html\n\n" + b"<div>" * 50_000,
    "white space": b"Subject: x"
    + b" " * 300_000
    + b"\nContent-Type: text/plain\n\n"
    + b" \n" * 300_000,
    "quoted names": b'From: "' + b'\\"' * 100_000 + b"\n\nx",
    "parameters": b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\n\nx",
    "continued parameters": b"Content-Type: text/plain"
    + b"".join(b"; name*%d=a" % n for n in range(5000))
    + b"\n\nx",
    "empty parameters": b"Content-Type: text/plain" + b";" * 1_000_000 + b"\n\nx",
    "blanks kept as they are": b"Content-Type: text/html\n\n<pre>" + b" " * 400_000 + b"x</pre>",
    "a bounce of empty lines": b"Content-Type: multipart/report; boundary=a\n\n--a\n\n"
    + b"\n" * 50_000
    + b"\n--a\nContent-Type: message/delivery-status\n\nAction: failed\n\n--a--\n",
    "an address of dots": b"From: <a@" + b"." * 9_900 + b"x\n\nx",
    "an address of at signs and dots": b"From: <" + b"@" * 5_000 + b"." * 4_900 + b"x\n\nx",
    "many lines in many boundaries": nested(400) + b"\n" * 1_000_000,
    "many receivers": (b"Cc: " + b"=?a?q?x" * 1_400 + b"\n") * 200 + b"\nx",
    "a tag of attributes": b"Content-Type: text/html\n\n<a "
    + b"".join(b"a%d=b " % n for n in range(200_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_are_read_in_time(name: str) -> None:
    started = time.perf_counter()
    must_be_storable(read(HOSTILE[name], Envelope()))
    assert time.perf_counter() - started < 5


def test_a_message_id_that_no_header_can_carry_is_none() -> None:
    assert read(b"Message-ID: a\x0cb\n\nx", Envelope()).message_id == ""
