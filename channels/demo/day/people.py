"""Invented citizens, companies and associations of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_FIRST: Final = (
    "Anne", "Mohammed", "Birthe", "Søren", "Fatima", "Jørgen", "Katrine", "Olena", "Peter",
    "Åse", "Emil", "Inger", "Nadia", "Torben", "Lærke", "Hans", "Maja", "Øjvind", "Zofia", "Karl",
)  # fmt: skip
_LAST: Final = (
    "Strandbæk", "Lyngholm", "Skovager", "Havrekær", "Bakkegård", "Tornby", "Engsø", "Klitmark",
    "Rønneholt", "Fjordager", "Mosekilde",
)  # fmt: skip
_COMPANIES: Final = ("Tømrerfirmaet Lyngholm ApS", "Café Fjordkanten", "Skibby Autoværksted")
_ASSOCIATIONS: Final = ("Grundejerforeningen Klinten", "Jægerspris Håndbold", "Slangerup Kor")


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes or calls."""

    name: str
    mail: str
    domain: str
    phone: str


def person(number: int, group: str) -> Person:
    """The `number`-th sender of the day; the same every time."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number * 7 % len(_LAST)]
    name, domain = f"{first} {last}", "borger.example"
    if group == "erhverv":
        name, domain = _COMPANIES[number % len(_COMPANIES)], "firma.example"
    elif group == "forening":
        name, domain = _ASSOCIATIONS[number % len(_ASSOCIATIONS)], "forening.example"
    # +45 20 30 … are used here as the demo's own numbers; nothing is ever called.
    return Person(name, f"borger{number}@{domain}", domain, f"+452030{number:04}")
