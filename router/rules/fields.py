"""The closed vocabulary of `when`: which facts a rule may ask for, and how.

This table is all there is. The reader, the sentences of the trace, the JSON
Schema for editors and docs/routing.md are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from router.config_source import Item
from router.model import Channel, Group

LONGEST_PATTERN: Final = 200
"""Characters of a `matches:` pattern."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names that conditions may use."""

    departments: frozenset[str]
    caseworkers: frozenset[str]
    flags: frozenset[str]
    authorities: frozenset[str]
    subjects: frozenset[str]
    lists: frozenset[str]
    """Lists of senders (lists.yaml)."""
    skills: frozenset[str]
    add_phrase: Callable[[Item, str], str]
    """Registers a phrase that a rule looks for; answers its key."""


@dataclass(frozen=True, slots=True)
class Field:
    """A fact that rules may ask for."""

    kind: str
    """A key of OPERATORS."""
    da: str
    """How a sentence about it begins."""
    en: str
    about: str
    """What it is, for docs/routing.md."""
    values: Callable[[Names], Iterable[str]] | None = None
    """The words that it can be; None: any."""
    label: str = ""
    """What its values are names of: department, caseworker, flag, authority, list, subject."""
    from_text: bool = False
    """Known from the text alone: nothing when there is no text."""
    told: bool = True
    """Whether the value itself may stand in an explanation (never a person's)."""
    yes: tuple[str, str] = ("", "")
    """For yes/no: the sentence (da, en) when it is so, and when not."""
    no: tuple[str, str] = ("", "")


OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "choice": ("is", "is_not", "one_of", "none_of", "given"),
    "yes/no": ("is",),
    "text": (
        "is", "is_not", "one_of", "none_of", "starts_with", "ends_with", "contains", "matches",
        "given",
    ),
    "postal code": ("is", "is_not", "one_of", "none_of", "starts_with", "given"),
    "KLE number": ("is", "is_not", "one_of", "none_of", "given"),
    "number": ("at_least", "at_most", "above", "below"),
    "set": ("has", "has_any", "has_all", "has_none"),
    "phrases": ("any_of", "all_of", "none_of"),
}  # fmt: skip
"""The operators of each kind of fact."""

SHORT: Final[Mapping[str, tuple[str, str]]] = {
    "choice": ("is", "one_of"),
    "yes/no": ("is", "is"),
    "text": ("is", "one_of"),
    "postal code": ("is", "one_of"),
    "KLE number": ("is", "one_of"),
    "number": ("at_least", "at_least"),
    "set": ("has", "has_any"),
    "phrases": ("any_of", "any_of"),
}
"""The operator meant when only a value, or only a list, is written."""

OPERATOR_MEANS: Final[Mapping[str, str]] = {
    "is": "it is exactly this (a KLE number: this or anything below it)",
    "is_not": "it is anything else, or not given",
    "one_of": "it is one of these",
    "none_of": "it is none of these (phrases: the text says none of them)",
    "given": "`true`: there is one; `false`: there is none",
    "starts_with": "it begins with this, or with one of these",
    "ends_with": "it ends with this, or with one of these",
    "contains": "this, or one of these, stands in it",
    "matches": "all of it fits this pattern (RE2 syntax; capital letters do not matter)",
    "at_least": "this or more",
    "at_most": "this or less",
    "above": "more than this",
    "below": "less than this",
    "has": "this one is among them",
    "has_any": "at least one of these is among them",
    "has_all": "all of these are among them",
    "has_none": "none of these is among them",
    "any_of": "the text says at least one of these",
    "all_of": "the text says all of these",
}

SINGLE: Final = frozenset({"is", "is_not", "has", "matches"})
"""Operators that take one value, not a list."""

CERTAINTIES: Final = ("sure", "likely", "unsure")

FIELDS: Final[Mapping[str, Field]] = {
    "channel": Field(
        "choice", "kanalen", "the channel", "how it reached us",
        lambda _: [c.value for c in Channel],
    ),
    "to": Field(
        "text", "nummeret eller adressen", "the number or address",
        "the number called or the mail address written to", told=False,
    ),
    "menu": Field(
        "choice", "menuvalget", "the menu choice",
        "the department that the sender chose in the phone menu or the form",
        lambda n: n.departments, "department",
    ),
    "group": Field(
        "choice", "målgruppen", "the group",
        "who writes: as given, or as the text says (CVR, wording)",
        lambda _: [g.value for g in Group],
    ),
    "language": Field(
        "choice", "sproget", "the language",
        "two letters (da, en, de, ar, uk, pl ...): of the text, or as given when it is too short",
    ),
    "postal_code": Field(
        "postal code", "postnummeret", "the postal code",
        'four digits; `"3600"`, a range `"3600-3650"`, or `starts_with: "36"`', told=False,
    ),
    "open_now": Field(
        "yes/no", "", "", "whether the switchboard is open at this moment",
        yes=("det er i åbningstiden", "it is within opening hours"),
        no=("det er uden for åbningstiden", "it is outside opening hours"),
    ),
    "callback_wanted": Field(
        "yes/no", "", "", "whether a call was asked for in a form or on the phone",
        yes=("der er bedt om opringning", "a call was asked for"),
        no=("der er ikke bedt om opringning", "no call was asked for"),
    ),
    "known_party": Field(
        "yes/no", "", "", "whether the sender has been in touch before",
        yes=("afsenderen er kendt i forvejen", "the sender is known from before"),
        no=("afsenderen er ikke kendt i forvejen", "the sender is not known from before"),
    ),
    "open_department": Field(
        "choice", "afdelingen med den åbne henvendelse", "the department with the open contact",
        "the department that has the same sender's newest open contact",
        lambda n: n.departments, "department",
    ),
    "open_caseworker": Field(
        "choice", "sagsbehandleren med den åbne henvendelse",
        "the caseworker with the open contact",
        "the caseworker who has taken it", lambda n: n.caseworkers, "caseworker",
    ),
    "coordinator": Field(
        "choice", "den koordinerende sagsbehandler", "the coordinating caseworker",
        "the sender's coordinating caseworker", lambda n: n.caseworkers, "caseworker",
    ),
    "last_caseworker": Field(
        "choice", "den sidste sagsbehandler", "the last caseworker",
        "the caseworker whom the sender was last in touch with",
        lambda n: n.caseworkers, "caseworker",
    ),
    "sender_in": Field(
        "set", "listerne", "the lists",
        "the lists of lists.yaml that the sender's address, domain, number or CVR stands on",
        lambda n: n.lists, "list",
    ),
    "email_domain": Field(
        "text", "mailadressens domæne", "the mail domain",
        "what stands after @ in the sender's mail address", told=False,
    ),
    "topic": Field(
        "choice", "afdelingen, som teksten peger på,", "the department that the text points to",
        "the department that the text points to best",
        lambda n: n.departments, "department", from_text=True,
    ),
    "subject": Field(
        "choice", "emnet", "the subject", "the subject (config/subjects/) within that department",
        lambda n: n.subjects, "subject", from_text=True,
    ),
    "certainty": Field(
        "choice", "sikkerheden", "the certainty", "how clearly: sure, likely or unsure",
        lambda _: CERTAINTIES, from_text=True,
    ),
    "confidence": Field(
        "number", "sikkerheden i tal", "the confidence", "the same as a number from 0 to 1",
        from_text=True,
    ),
    "secondary": Field(
        "set", "de øvrige emner", "the other topics",
        "the other departments that the text is also about",
        lambda n: n.departments, "department", from_text=True,
    ),
    "flags": Field(
        "set", "markeringerne", "the flags", "marks found in the text (config/flags.yaml)",
        lambda n: n.flags, "flag", from_text=True,
    ),
    "kle": Field(
        "KLE number", "KLE-nummeret", "the KLE number",
        'as written, or of the subject: `"02"`, `"02.34"` (with all below it) or `"02.34.02"`',
    ),
    "case_number": Field(
        "text", "sagsnummeret", "the case number", "a case number (sagsnummer) that was written",
        told=False,
    ),
    "caseworker_named": Field(
        "choice", "den nævnte sagsbehandler", "the caseworker named",
        "the caseworker whom the text names, when it can be only one",
        lambda n: n.caseworkers, "caseworker", from_text=True,
    ),
    "authority": Field(
        "choice", "den anden myndighed", "the other authority",
        "another authority that the text points to (config/authorities.yaml)",
        lambda n: n.authorities, "authority", from_text=True,
    ),
    "says": Field(
        "phrases", "teksten", "the text",
        "phrases of your own: any order, near each other, with any ending", from_text=True,
    ),
    "length": Field("number", "tekstens længde", "the length of the text", "in characters"),
}  # fmt: skip
"""The facts, in the order of docs/routing.md."""

KIND_OF: Final[Mapping[str, str]] = {"sender_in": "list"}
"""What an unknown value is called in a refusal, where the label does not say it."""
