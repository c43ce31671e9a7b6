"""One arrival as the conditions see it: the facts, together with what the text says."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from router.rules.facts import Facts, History
from router.rules.lists import SenderLists
from router.rules.understanding import Understanding

NOTHING: Final[frozenset[str]] = frozenset()
_NO_HISTORY: Final = History()
_FLAGS: Final = (NOTHING, frozenset({"callback_requested"}))


class Situation:
    """The facts that `when` may ask for, each an attribute named as in FIELDS."""

    __slots__ = (
        "_lists", "authority", "callback_wanted", "case_number", "caseworker_named", "certainty",
        "channel", "confidence", "coordinator", "facts", "flags", "found", "group", "known_party",
        "language", "last_caseworker", "length", "menu", "open_caseworker", "open_department",
        "open_now", "postal_code", "says", "secondary", "subject", "to", "topic",
    )  # fmt: skip

    def __init__(
        self, facts: Facts, found: Understanding, menu: str, lists: SenderLists, silent: bool
    ) -> None:
        """`menu` is a department that there is, or "". `silent`: there is no text."""
        self.facts = facts
        self.found = found
        self._lists = lists
        self.channel: str = facts.channel
        self.to = facts.to.lower()
        self.menu = menu
        self.callback_wanted = facts.callback_wanted
        self.known_party = facts.known_party
        self.open_now = facts.open_now
        history = facts.history or _NO_HISTORY
        self.open_department = history.open_department
        self.open_caseworker = history.open_caseworker
        self.coordinator = history.coordinator
        self.last_caseworker = history.last_caseworker
        self.flags: frozenset[str]
        if silent:
            self.group: str = facts.group or ""
            self.language = facts.language
            self.postal_code = facts.postal_code
            self.case_number = facts.case_number.lower()
            self.topic = self.subject = self.caseworker_named = self.authority = ""
            self.certainty = "unsure"
            self.confidence = 0.0
            self.secondary: frozenset[str] = NOTHING
            self.says: frozenset[str] = NOTHING
            self.flags = _FLAGS[facts.callback_wanted]
            self.length = 0
            return
        self.group = facts.group or found.group or ""
        self.language = found.language or facts.language
        self.postal_code = facts.postal_code or found.postal_code
        self.case_number = (facts.case_number or next(iter(found.case_numbers), "")).lower()
        self.topic = found.topic
        self.subject = found.subject
        # Nobody can be sure of nothing; `router.rules.reach` counts on it.
        self.certainty = found.certainty if found.topic else "unsure"
        self.confidence = found.confidence
        self.secondary = frozenset(found.secondary)
        self.caseworker_named = found.caseworker
        self.authority = found.authority
        self.says = frozenset(found.says)
        # A call that was asked for on the form is one that is wanted, whatever was written.
        self.flags = _FLAGS[facts.callback_wanted] | found.flags
        self.length = len(facts.text) + len(facts.subject)

    @property
    def kle(self) -> frozenset[str]:
        """The KLE number with the groups above it: 02.34.02, 02.34, 02."""
        number = self.facts.kle or self.found.kle
        return _groups(number) if number else NOTHING

    @property
    def email_domain(self) -> str:
        """What stands after @ in the sender's mail address, in small letters."""
        return self.facts.email.rpartition("@")[2].lower()

    @property
    def sender_in(self) -> frozenset[str]:
        """The lists of lists.yaml that the sender stands on."""
        facts = self.facts
        return self._lists.holding(facts.email, facts.phone, facts.cvr or self.found.cvr)

    @property
    def letter(self) -> str:
        """The letter of the Danish alphabet that the sender is sorted by, or "".

        A person's surname, a company's or an association's name.
        """
        words = self.facts.name.split()
        if not words:
            return ""
        return letter_of(words[-1] if self.group in ("", "borger") else words[0])

    @property
    def birth_day(self) -> int | None:
        """Day of the month of the CPR number in the text."""
        return self.found.birth_day


@lru_cache(maxsize=4_096)
def _groups(number: str) -> frozenset[str]:
    parts = number.split(".")
    return frozenset(".".join(parts[:size]) for size in range(1, len(parts) + 1))


_LETTERS: Final = {
    "Ä": "Æ", "Ö": "Ø", "Ü": "Y", "É": "E", "È": "E", "Á": "A", "À": "A", "Ó": "O", "Í": "I",
    "Ú": "U", "Ł": "L", "Ś": "S", "Ż": "Z", "Ź": "Z", "Ć": "C", "Ń": "N", "Š": "S", "Ž": "Z",
    "Č": "C", "Ç": "C", "Ş": "S", "Ð": "D", "Þ": "T",
}  # fmt: skip
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ"


def letter_of(word: str) -> str:
    """The letter that `word` is sorted by in Danish; Aa is Å. "" when it has none."""
    upper = word.upper()
    if upper.startswith("AA"):
        return "Å"
    first = upper[:1]
    first = _LETTERS.get(first, first)
    return first if first in ALPHABET else ""
