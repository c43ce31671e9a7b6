"""How long a text takes to be understood (processor time of this thread)."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable

from router.config import Municipality
from router.rules.understanding import Reader

_ERRANDS = (
    (
        "Vi har søgt om byggetilladelse til en carport, men har ikke hørt fra jer siden marts.",
        "Naboen mener, at den kommer for tæt på skellet, og nu tør vi ikke bygge videre.",
        "Tegningerne ligger i Byg og Miljø, men dem, vi har fået fra arkivet, passer ikke.",
        "Skal vi have en ny nabohøring, når taget bliver ti centimeter højere end ansøgt?",
    ),
    (
        "Min mor på 86 kan ikke selv komme op om morgenen, og hjemmehjælpen kom først klokken 11.",
        "Hun fik hverken strømper på eller morgenmad, og nødkaldet virker kun i stuen.",
        "Vi har bedt om en rollator til gangen, for hun er faldet to gange på vej til badet.",
        "Kan visitator komme ud og se, hvad hun har brug for, inden der sker noget værre?",
    ),
    (
        "Der er et stort hul i vejen ud for nummer 14, og det bliver værre for hver uge.",
        "Da det regnede, kunne man ikke se det, og en knallert væltede midt på kørebanen.",
        "Asfalten er revnet hele vejen ned til svinget, og fortovet er sunket ved brønden.",
        "Hvornår kommer I og lapper det, eller er det en privat fællesvej, som vi selv betaler?",
    ),
    (
        "Skraldespanden blev heller ikke tømt i denne uge, og det lugter i hele indkørslen.",
        "Bilen kørte forbi uden at standse, selv om beholderen stod ude til vejen fra aftenen før.",
        "Vi har fået den nye spand til plast og pap, men ingen kan sige, hvor tit den tømmes.",
        "Hvad koster det at få en større, og kan den gamle hentes samme dag?",
    ),
)
_AROUND = (
    "Jeg skriver til jer igen, fordi jeg ikke ved, hvem jeg ellers skal spørge om det her.",
    "Det har stået på længe efterhånden, og vi er ved at være trætte af at vente.",
    "Min mand siger, at det nok går, men jeg er ikke så sikker på det mere.",
    "Vi var ude at se på det i lørdags sammen med min bror og hans kone fra Roskilde.",
    "Jeg håber, at I har tid til at læse det hele, selv om det blev lidt langt.",
    "Sidste gang fik vi at vide, at det ville blive ordnet inden ferien, og det blev det så ikke.",
)


def measure_speed(municipality: Municipality) -> None:
    """Print microseconds per text, for words seen before and for new ones."""
    reader = reader_of(municipality)
    _collect_as_serving()
    rng = random.Random(3)
    short = [_text(rng, 300) for _ in range(300)]
    long = [_text(rng, 1_500) for _ in range(300)]
    for _ in range(2):
        for text in (*short, *long):
            reader.read("Henvendelse", text)
    _told("300 characters, words seen before", _times(reader, short))
    _told("1,500 characters, words seen before", _times(reader, long))
    _told(
        "1,500 characters, every tenth word new",
        _times(reader, [_new(rng, text, 10) for text in long]),
    )
    _told(
        "  the same, new as people's words are",
        _times(reader, [_like_people(rng, text, 10) for text in long]),
    )
    _told(
        "1,500 characters, a third of the words new",
        _times(reader, [_new(rng, text, 3) for text in long]),
    )
    _told("1,500 characters, every word new", _times(reader, [_new(rng, text, 1) for text in long]))
    for name, make in _BAD.items():
        _told(f"1 MB: {name}", _times(reader, [make() for _ in range(5)]))


def _collect_as_serving() -> None:
    """Let the garbage collector work as it does in a process that serves (`router.app`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def reader_of(municipality: Municipality) -> Reader:
    """The reader that routes for this municipality."""
    reader: Reader = municipality.rules._reader
    return reader


def _times(reader: Reader, texts: list[str]) -> list[float]:
    times = []
    for text in texts:
        start = time.thread_time()
        reader.read("Henvendelse", text)
        times.append((time.thread_time() - start) * 1e6)
    return sorted(times)


def _told(what: str, times: list[float]) -> None:
    print(
        f"{what:<48} median {statistics.median(times):8.0f} µs"
        f"  p99 {times[min(len(times) - 1, int(len(times) * 0.99))]:8.0f} µs"
    )


def _text(rng: random.Random, length: int) -> str:
    """A letter about one thing, with what people write around it."""
    errand = rng.choice(_ERRANDS)
    text = ""
    while len(text) < length:
        text += rng.choice(errand) + " " + rng.choice(_AROUND) + " "
    return text[:length]


def _new(rng: random.Random, text: str, every: int) -> str:
    """`text` with each `every`-th word put together anew from its letters."""
    words = text.split(" ")
    for place in range(0, len(words), every):
        letters = list(words[place])
        rng.shuffle(letters)
        words[place] = "".join(letters) + rng.choice("bdfgklmnprst") + rng.choice("aeiou")
    return " ".join(words)


def _like_people(rng: random.Random, text: str, every: int) -> str:
    """`text` with each `every`-th word as new as people's are: misspelt, put together
    of two, or the name of a place."""
    words = text.split(" ")
    for place in range(0, len(words), every):
        word, other = words[place], rng.choice(words).lower()
        at = rng.randrange(1, max(2, len(word)))
        words[place] = rng.choice(
            (
                word[:at] + rng.choice("aeiouæøårnts") + word[at:],
                word.strip(".,?") + other,
                other.strip(".,?").title() + rng.choice(("vej", "gård", "lund", "sen", "skov")),
            )
        )
    return " ".join(words)


_BAD: dict[str, Callable[[], str]] = {
    "spaces": lambda: " " * 1_000_000,
    "line ends": lambda: "\n" * 1_000_000,
    "one word": lambda: "a" * 1_000_000,
    "digits": lambda: "12 34 " * 170_000,
    "control characters": lambda: "\x00\x07\u202e\ud800" * 250_000,
    "quotation marks": lambda: "> \n" * 330_000,
    "all different words": lambda: " ".join(f"x{number:x}y" for number in range(150_000)),
    "ring, ring, ring": lambda: "ring kl. " * 110_000,
}
