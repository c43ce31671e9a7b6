"""Encoded words, addresses and charsets in the forms that are met."""

from __future__ import annotations

import pytest

from channels.mail.reading.addresses import find_addresses, split_mailbox, usable
from channels.mail.reading.charset import decode
from channels.mail.reading.headers import text_of


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Almindelig tekst", "Almindelig tekst"),
        ("=?utf-8?q?bl=C3=A5b=C3=A6r?=", "blåbær"),
        ("=?ISO-8859-1?Q?bl=E5b=E6r?= og =?utf-8?B?w7hs?=", "blåbær og øl"),
        ("=?utf-8?Q?to_?= =?utf-8?Q?ord?=", "to ord"),
        ("=?utf-8?B?ww==?= =?utf-8?B?pg==?=", "æ"),
        ("=?utf-8?Q?mellem rum i ord?=", "mellem rum i ord"),
        ("=?utf-8*da?Q?sprog=C3=A5?=", "sprogå"),
        ("=?utf-8?B?w6bDuMOl", "=?utf-8?B?w6bDuMOl"),
        ("=?ukendt-8?Q?=E6?=", "æ"),
        ("for\r\n langt", "for langt"),
        ("for\r\n\tlangt", "for langt"),
        ("=?utf-8?Q?a?=b", "ab"),
        ("5 = 2 + 3?=", "5 = 2 + 3?="),
    ],
)
def test_header_text(raw: str, text: str) -> None:
    assert text_of(raw) == text


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("Anna <anna@post.example>", "anna@post.example"),
        ("anna@post.example (Anna)", "anna@post.example"),
        ("<anna@POST.Example>", "anna@post.example"),
        ("Anna <mailto:anna@post.example>", "anna@post.example"),
        ('"a@b.example" <rigtig@post.example>', "rigtig@post.example"),
        ("Anna <anna@post.example", "anna@post.example"),
        ("Anna [anna@post.example]", "anna@post.example"),
        ("undisclosed-recipients:;", ""),
        ("", ""),
        ("Anna", ""),
        ("Anna <anna>", ""),
        ("<a b@post.example>", "b@post.example"),
        ("<anna@post.example\x00>", ""),
        ("Anna <anna@æøå.example>", "anna@æøå.example"),
    ],
)
def test_first_mailbox(raw: str, address: str) -> None:
    assert split_mailbox(raw)[0] == address


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nBcc: c@d",
        "a@b>,<c@d",
        "a b@c.dk",
        "a@b,c@d",
        "a@@b",
        "@b",
        "a@",
        "a@b c",
        "x" * 300 + "@b",
    ],
)
def test_addresses_that_could_smuggle_are_not_usable(address: str) -> None:
    assert usable(address) == ""


def test_addresses_in_a_list() -> None:
    raw = '"Efternavn, Fornavn" <a@x.example>, b@x.example; <c@x.example>'
    assert find_addresses(raw) == ["a@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        (b"\xe6\xf8\xe5", "iso-8859-1", "æøå"),
        (b"\x80 100 \x96 tak", "iso-8859-1", "€ 100 – tak"),
        ("æøå".encode(), "iso-8859-1", "æøå"),
        (b"\xe6\xf8\xe5", None, "æøå"),
        (b"\xe6\xf8\xe5", "utf-8", "æøå"),
        ("æøå".encode("utf-16"), "utf-16", "æøå"),
        ("æøå".encode("cp865"), "cp865", "æøå"),
        ("\ufeffæøå".encode(), "us-ascii", "æøå"),
        (b"abc", "base64", "abc"),
        (b"abc", "unicode_escape", "abc"),
        ("Żółw".encode("iso-8859-2"), '"ISO-8859-2"', "Żółw"),
        (b"a\xffb", "utf-7", "a\ufffdb"),
        (b"\x81\x8d", "windows-1252", "\x81\x8d"),
    ],
)
def test_charsets(content: bytes, declared: str | None, text: str) -> None:
    assert decode(content, declared) == text
