"""References and codes that people can say, type and trust.

A reference (henvendelsesnummer) is nine digits in threes, the last a Damm check
digit: no Danish phone number (8), CVR (8), CPR (10) or EAN (13) has that length.
It is computed from the contact's number by a keyed permutation, so it is unique
without asking the database, and never sequential.

Access codes and reply tokens are derived from the reference by keyed BLAKE2s
(RFC 7693) with the installation's secret: they need not be stored, and a repeated request
gets the same receipt again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

# A weakly totally anti-symmetric quasigroup of order 10 (H. M. Damm, 2004): it
# catches every single wrong digit and every swap of two neighbours.
_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
_HIGH: Final = 9_000
_LOW: Final = 10_000
CAPACITY: Final = _HIGH * _LOW
"""How many contacts an installation can number."""

_ROUNDS: Final = 4
_CROCKFORD: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)
"""From the letters of RFC 4648 to those that nobody reads wrong (no I, L, O, U)."""
_CODE_LETTERS: Final = 8
_TOKEN_LETTERS: Final = 12
_CANDIDATE: Final = re.compile(
    r"(?<![0-9])[1-9][0-9]{2}[ .\u00a0-]?[0-9]{3}[ .\u00a0-]?[0-9]{3}(?![0-9])"
)
_NOT_CODE: Final = re.compile(r"[^0-9A-Z]")


def _damm(digits: str) -> int:
    state = 0
    for digit in digits:
        state = _DAMM[state][ord(digit) - 48]
    return state


def reference_for(number: int, secret: bytes) -> str:
    """The reference of contact `number` (0 <= number < CAPACITY), nine digits."""
    if not 0 <= number < CAPACITY:
        raise ValueError("contact number outside what references can express")
    high, low = divmod(number, _LOW)
    # A Feistel network over 9000 x 10000: a bijection, so no two numbers meet.
    for turn in range(_ROUNDS):
        if turn % 2:
            high = (high + _mix(secret, turn, low)) % _HIGH
        else:
            low = (low + _mix(secret, turn, high)) % _LOW
    digits = str(10_000_000 + high * _LOW + low)
    return f"{digits}{_damm(digits)}"


def _mix(secret: bytes, turn: int, half: int) -> int:
    message = turn.to_bytes(1, "big") + half.to_bytes(2, "big")
    return int.from_bytes(hashlib.blake2s(message, key=secret, digest_size=8).digest(), "big")


def is_reference(digits: str) -> bool:
    """Whether `digits` (nine, no separators) is a reference with a right check digit."""
    return (
        len(digits) == 9
        and digits.isascii()
        and digits.isdigit()
        and digits[0] != "0"
        and _damm(digits) == 0
    )


def find_references(text: str) -> list[str]:
    """References written in `text`, with or without separators, in order, once each."""
    found = (re.sub(r"[^0-9]", "", match) for match in _CANDIDATE.findall(text))
    return list(dict.fromkeys(digits for digits in found if is_reference(digits)))


def grouped(reference: str) -> str:
    """`482031957` as people read it: `482 031 957`."""
    return f"{reference[:3]} {reference[3:6]} {reference[6:]}"


def access_code(secret: bytes, reference: str) -> str:
    """The code that, with the reference, opens a contact to its citizen: `K7QM-2XRP`."""
    letters = _letters(secret, b"access", reference, _CODE_LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


def code_fits(secret: bytes, reference: str, code: str) -> bool:
    """Whether `code` opens `reference`. Case, blanks and hyphens do not matter."""
    given = _NOT_CODE.sub("", code[:64].upper())
    given = given.replace("O", "0").replace("I", "1").replace("L", "1")
    expected = access_code(secret, reference).replace("-", "")
    return hmac.compare_digest(given.encode(), expected.encode())


def reply_token(secret: bytes, reference: str) -> str:
    """The TOKEN of `svar+TOKEN@`: the reference, signed. Lower case, for mail systems."""
    return reference + _letters(secret, b"reply", reference, _TOKEN_LETTERS).lower()


def reference_from_reply_token(secret: bytes, token: str) -> str | None:
    """The reference that `token` was made for, or None if we did not make it."""
    reference = token[:9]
    if not is_reference(reference) or not token.isascii():
        return None
    if hmac.compare_digest(token.lower().encode(), reply_token(secret, reference).encode()):
        return reference
    return None


def _letters(secret: bytes, purpose: bytes, reference: str, count: int) -> str:
    mac = hashlib.blake2s(reference.encode(), key=secret, person=purpose, digest_size=10)
    return base64.b32encode(mac.digest())[:count].translate(_CROCKFORD).decode()
