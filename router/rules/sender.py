"""Who writes: a company, an association, or (when nothing says so) a citizen."""

from __future__ import annotations

import re
from typing import Final

from router.model import Group

_COMPANY_FORM: Final = re.compile(
    r"\b(?:ApS|A/S|I/S|K/S|P/S|IVS|GmbH|Aps|Ltd|AB|AS|UG)\b(?!\w)|\bEAN\b|\bCVR\b|\bcvr\b"
    r"|\bP-nummer\b"
)
_WE_ARE: Final = re.compile(
    r"\bvi er (?:en|et) (?:\w+ ){0,3}?(\w*(?:virksomhed|firma|butik|restaurant|café|cafe|hotel"
    r"|selskab"
    r"|gartneri|tømrer\w*|entreprenør\w*|vognmand|webshop|landbrug|håndværker\w*))\b",
    re.IGNORECASE,
)
_ASSOCIATION: Final = re.compile(
    r"\b(?:kasserer(?:en)?|formand(?:en)?|næstformand|bestyrelse(?:n|s)?(?:medlem)?|foreningen"
    r"|forening"
    r"|klubben|\w{3,}forening(?:en)?|\w{3,}klub(?:ben)?|ejerlauget?|grundejerne|spejdergruppe\w*"
    r"|menighedsråd\w*)\b",
    re.IGNORECASE,
)
_WE_ASSOCIATION: Final = re.compile(
    r"\b(?:vi er (?:en|et) (?:\w+ ){0,3}?\w*(?:forening|klub|lokalråd|laug)"
    r"|vores (?:\w+ )?\w*(?:forening|klub)"
    r"|på \w*foreningens vegne|bestyrelsen (?:i|for)|(?:kasserer|formand|næstformand),? (?:i|for)\b"
    r"|på vegne af \w*(?:forening|klub))",
    re.IGNORECASE,
)
_OF_ASSOCIATIONS: Final = ("foren", "klub", "lokalråd", "laug", "bestyrelse", "kasserer", "formand")
_FORMS: Final = (
    "ApS",
    "Aps",
    "/S",
    "IVS",
    "GmbH",
    "Ltd",
    "AB",
    "AS",
    "UG",
    "EAN",
    "CVR",
    "cvr",
    "P-n",
)
_PRIVATE_MAIL: Final = frozenset(
    "gmail hotmail outlook live yahoo icloud me msn mail privat jubii ofir stofanet tdcadsl"
    " webspeed"
    " post mailme youmail protonmail proton gmx email sol get2net vip fibermail dlgtele"
    " youmail".split()
)
_COMPANY_MAIL: Final = (
    "aps", "vvs", "byg", "tomrer", "toemrer", "murer", "maler", "entrepr", "firma", "advokat",
    "arkitekt", "ejendom", "consult", "transport", "vognmand", "restaurant", "cafe", "hotel",
    "shop", "service",
    "invest", "revision", "elfirma", "kloak", "landskab", "gartner", "industri", "group",
)  # fmt: skip
_ASSOCIATION_MAIL: Final = (
    "forening", "klub", "club", "spejder", "idraet", "idraets", "fodbold", "haandbold", "gymnastik",
    "grundejer", "andelsbolig", "ejerlaug", "menighed", "roklub", "kajak", "tennis", "badminton",
    "lokalraad", "beboer",
)  # fmt: skip


def group_of(text: str, email: str, cvr: str, ean: str, found: Group | None) -> Group | None:
    """The group of whoever sent `text` from `email`; `found` by the vocabulary's phrases.

    An association has a CVR number too: its own words go before the number.
    """
    said = text.lower()
    if any(map(said.__contains__, _OF_ASSOCIATIONS)) and _WE_ASSOCIATION.search(said):
        return Group.ASSOCIATION
    if "vi er e" in said and _WE_ARE.search(said):
        return Group.COMPANY
    if found is not None:
        return found
    tail = text[-300:]
    by_mail = _by_domain(email) if email else None
    if by_mail is not None:
        return by_mail
    if cvr or ean or (any(map(tail.__contains__, _FORMS)) and _COMPANY_FORM.search(tail)):
        return Group.ASSOCIATION if _ASSOCIATION.search(tail) else Group.COMPANY
    return None


def _by_domain(email: str) -> Group | None:
    """What the mail domain says, if it says anything."""
    domain = email.rpartition("@")[2].lower()
    name = domain.rpartition(".")[0]
    if not name or name.split(".")[-1] in _PRIVATE_MAIL:
        return None
    if any(map(name.__contains__, _ASSOCIATION_MAIL)) or name.endswith(("-if", "-bk", "-ik")):
        return Group.ASSOCIATION
    if any(map(name.__contains__, _COMPANY_MAIL)) or name.endswith(("-as", "aps")):
        return Group.COMPANY
    return None
