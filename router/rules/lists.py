"""Lists of senders (lists.yaml): the council, the press, partners. For `sender_in`.

The file may be left out. Addresses stand there and nowhere else: rules,
explanations and logs name the list only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from router.config_source import Fields, Reading
from router.rules.reading_words import read_id

LISTS_FILE: Final = "lists.yaml"
_MAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
_PHONE: Final = re.compile(r"\+[1-9]\d{6,14}")
_CVR: Final = re.compile(r"\d{8}")
_MOST: Final = 50_000
"""Entries of one list."""

_REMEMBERED: Final = 10_000
"""Domains whose lists are remembered."""
_NONE: Final[frozenset[str]] = frozenset()


@dataclass(slots=True)
class SenderLists:
    """Which lists an address, a domain, a number or a CVR stands on."""

    names: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Names per language by list id."""
    _on: dict[str, frozenset[str]] = field(default_factory=dict)
    _domains: dict[str, frozenset[str]] = field(default_factory=dict)
    """What was looked up before."""

    def add(self, entry: str, name: str) -> None:
        """Put an entry (as `read_lists` writes it) on the list `name`."""
        self._on[entry] = self._on.get(entry, _NONE) | {name}

    def holding(self, email: str, phone: str, cvr: str) -> frozenset[str]:
        """The ids of the lists that one of these stands on; a domain counts with all below it."""
        on = self._on
        if not on:
            return _NONE
        found = _NONE
        if phone in on:
            found |= on[phone]
        if cvr in on:
            found |= on[cvr]
        if email:
            address = email.lower()
            if address in on:
                found |= on[address]
            domain = address[address.rfind("@") + 1 :]
            known = self._domains.get(domain)
            if known is None:
                if len(self._domains) >= _REMEMBERED:
                    self._domains.clear()
                known = self._domains[domain] = self._of_domain(domain)
            if known:
                found |= known
        return found

    def _of_domain(self, domain: str) -> frozenset[str]:
        found = _NONE
        while domain:
            found |= self._on.get(f"@{domain}", _NONE)
            domain = domain.partition(".")[2]
        return found


def read_lists(reading: Reading) -> SenderLists:
    """Read lists.yaml if it is there; problems are noted in `reading`."""
    lists = SenderLists()
    if not (reading.folder / LISTS_FILE).exists():
        return lists
    top = reading.file(LISTS_FILE)
    listed = top.need("lists") if top is not None else None
    for item in listed.items() if listed is not None else []:
        fields = item.fields()
        if fields is None:
            continue
        name = read_id(fields.need("id"))
        fields.what = f'list "{name}"' if name else item.what
        if name in lists.names:
            fields.problem(f'the list id "{name}" is used twice.')
        lists.names[name] = fields.languages("name")
        count = sum(_entries(fields, kind, lists, name) for kind in _KINDS)
        if not count:
            fields.problem(f"{fields.what} is empty: give `mail`, `domains`, `phones` or `cvr`.")
        fields.get("note")
        fields.close()
    if top is not None:
        top.close()
    return lists


_KINDS: Final[Mapping[str, tuple[re.Pattern[str], Callable[[str], str], str]]] = {
    "mail": (_MAIL, str.lower, 'a mail address like "navn@example.dk"'),
    "domains": (_DOMAIN, lambda word: "@" + word.lower(), 'a domain like "example.dk"'),
    "phones": (_PHONE, lambda word: word.replace(" ", ""), 'a number like "+4547351000"'),
    "cvr": (_CVR, lambda word: word.replace(" ", ""), "a CVR number of 8 digits"),
}


def _entries(fields: Fields, kind: str, lists: SenderLists, name: str) -> int:
    """Read the entries of one kind; how many there were."""
    item = fields.get(kind)
    entries = item.items() if item is not None else []
    if item is not None and len(entries) > _MOST:
        item.problem(f"{kind}: at most {_MOST} entries can stand on one list.")
        return len(entries)
    form, kept, wanted = _KINDS[kind]
    for entry in entries:
        word = entry.words()
        if word is None:
            continue
        compact = word.replace(" ", "").lower()
        if form.fullmatch(compact):
            lists.add(kept(compact), name)
        else:
            entry.problem(f'{wanted} was expected, not "{word}".')
    return len(entries)
