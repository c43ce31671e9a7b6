"""Which language a text is written in, told by its small words and letters.

Small words make up half of any text and differ from language to language, so a
list of them needs no training and can be read. Scripts of their own (Arabic,
Cyrillic) are told by letters. What is too short or mixed is taken to be in the
language that came with it, or in Danish.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

DANISH: Final = "da"

_WORDS: Final = {
    "da": "af alle altid at bare blev blive bliver da de dem den denne der deres det dette dig din"
    " dine dit dog du efter eller en end er et for fordi fra får få fået gang gerne gik går gør"
    " gøre ham han har havde have hej hende hendes her hos hun hvad hvem hver hvilke hvis hvor"
    " hvordan hvorfor hvornår i igen ikke ind ingen ja jeg jer jeres jo kan kom kommer kommunen kun"
    " kunne lige lidt man mange med meget mellem men mener mere mig min mine mit mod må måske ned"
    " nej nogen noget nogle nu når nok og også om op os over på sagt selv sig sin skal skulle som"
    " så sådan tage tak til to uden under ud var ved vi vil ville vores være været mvh hilsen"
    " venlig kommune børn barn barnet ligger siger spørge hjælp uge uger dage år siden sidste"
    " æ a mæ hwo skriver ringe ring svar svare brev bor blevet fik står ligger mod nye endnu heller"
    " begge allerede bedes ønsker oplyse adr vedr ifm pga mdr kl tlf sagsbehandler flere flyttet",
    "no": "av ble blir da de deg dere det dette du eller en er et etter for fordi fra får gjøre"
    " gjort"
    " ha hadde han har hei henne her hjelp hva hvem hvilken hvis hvor hvordan hvorfor hva i ikke"
    " inn jeg jobb kan kommer kommunen kunne litt meg men mer mitt min må noe noen nå og også om"
    " opp"
    " oss over på seg selv si skal skulle snakke som søknad så takk til trenger ut uten var vennlig"
    " ved vet vi vil være vært våre å gjerne barnehage mye også bare får ønsker spørsmål hilsen",
    "sv": "alla allt att av barn bara behöver blev blir bli bör de dem den deras det detta dig din"
    " ditt du där efter eller en er ett finns från får få för gör göra ha hade hej henne här hjälp"
    " hon hur han har i ingen inte ja jag kan kommer kommun kunde med men mer mig min mina mitt"
    " mycket måste mot ni nu något några när och också om oss på sig ska skulle som så tack till"
    " upp"
    " ut utan var vad varför vem vi vill vid vår våra är än åt över ansöka flytta vänliga"
    " hälsningar",
    "en": "a about after all also am an and any are as at be because been but by can could did do"
    " does"
    " don for from get had has have he hello help her him his how i if in is it just know like me"
    " my need no not of on one only or our out over please she should since so some speak still"
    " thank thanks that the their them there they this to told too up us wants was we were what"
    " when where which who why will with would you your dear regards hi they're i'm my speaks call",
    "de": "aber alle als am an auch auf aus bei bin bis bitte da damit danke das dass dem den der"
    " des"
    " die dies diese doch du durch ein eine einem einen einer er es für gibt guten haben hat hallo"
    " ich ihr ihre ihnen im in ist ja kann kein keine können man mein meine meinem meinen meiner"
    " mich mir mit muss müssen nach nicht noch nur oder ob ohne seit sein sich sie sind so soll"
    " über um und uns unser unsere vom von vor war was wegen welche wenn wer werden wie wir wird wo"
    " zu zum zur tag grüßen freundlichen möchte möchten",
    "pl": "aby ale bardzo bez by być chcę co czy dla do dziękuję dzień dobry gdzie ich i ja jak"
    " jest"
    " jestem już kiedy kto która które który ma mam mi mnie mogę moja mój moje na nie niego o od"
    " oraz"
    " po pod poproszę proszę przez przy się są ta tak tam te tego ten to tym tylko u w z za ze że"
    " żeby został jeszcze mieszkam dziecko potrzebuję pomocy pozdrawiam",
    "tr": "ama ancak bana ben benim bir bu çok da daha de değil diye en gibi hakkında için ile"
    " istiyorum"
    " kadar kim merhaba mi mı nasıl ne nerede oğlum kızım olarak sonra sayın şey teşekkürler var ve"
    " veya yardım yok bizim çocuk lazım zaman gün",
    "so": "aad ah ama aan ayaa baan ceel ee ha halkan haye iga igu ii iyo ilaa ka kale kara ku"
    " kuu la"
    " leh ma maxaa mid oo sida soo u uga ugu waa waan waxa waxaan waxay wax waxaad xaggee ayay"
    " carruur"
    " caawimaad mahadsanid fadlan ilmaha",
    "ro": "acest această am ar are aș bună ca care ce când către cu cum da de despre din este eu"
    " fi fost"
    " în îmi la le mai mă meu mea mulțumesc nu o pe pentru poate prin sau să se și sunt unde un"
    " una va"
    " vă vreau ziua copil copii rog ajutor",
}
"""Frequent small words. Those that languages share count for little."""

_LETTERS: Final = {
    "å": ("da", "no", "sv"), "æ": ("da", "no"), "ø": ("da", "no"),
    "ä": ("sv", "de"), "ö": ("sv", "de", "tr"), "ü": ("de", "tr"), "ß": ("de",),
    "ą": ("pl",), "ę": ("pl",), "ł": ("pl",), "ś": ("pl",), "ź": ("pl",), "ż": ("pl",),
    "ć": ("pl",), "ń": ("pl",), "ó": ("pl",),
    "ı": ("tr",), "ğ": ("tr",), "ş": ("tr", "ro"), "ç": ("tr",),
    "ă": ("ro",), "ț": ("ro",), "ţ": ("ro",), "ș": ("ro",), "î": ("ro",),
}  # fmt: skip
_LETTER_WEIGHT: Final = 0.6
_MOST_LETTERS: Final = 8
"""Occurrences of one letter that count; a word repeated is no better proof."""

_FOREIGN_SCRIPT: Final = re.compile(r"[\u0400-\u04ff\u0600-\u06ff]")
_LATIN: Final = re.compile(r"[a-zæøåäöü]")
_PERSIAN: Final = frozenset("پچژگکی")
_ARABIC_ONLY: Final = frozenset("كيةىإأ")
_UKRAINIAN: Final = frozenset("іїєґ")
_RUSSIAN: Final = frozenset("ыэъё")

_SAMPLE: Final = 2_000
"""Characters that are looked at; nobody changes language after two pages."""
_ENOUGH: Final = 2.0
"""Weight of small words from which another language than the given is believed."""
_CLEARLY: Final = 1.35
"""By so much another language must be ahead of the given one and of Danish."""


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    shared: dict[str, list[str]] = {}
    for language, words in _WORDS.items():
        for word in dict.fromkeys(words.split()):
            shared.setdefault(word, []).append(language)
    return {
        word: tuple((language, 1.0 / len(languages) ** 0.5) for language in languages)
        for word, languages in shared.items()
    }


_WEIGHTS: Final = _weights()
_DANISH: Final = frozenset(word for word, of in _WEIGHTS.items() if DANISH in dict(of))
_OTHER: Final = frozenset(_WEIGHTS) - _DANISH
_TELLING: Final = re.compile("[äöüßąęłśźżćńóığşçățţșî\u0400-\u04ff\u0600-\u06ff]")
"""Letters that Danish and English do without."""


def language_of(words: Iterable[str], text: str, given: str = "") -> str:
    """The language (ISO 639-1) of `text`, whose lower-case words are `words`.

    `given`: what the channel took it to be; kept when the text says too little.
    """
    expected = given or DANISH
    sample = text[:_SAMPLE].lower()
    distinct = set(words)
    if sample.isascii() or _TELLING.search(sample) is None:
        if expected == DANISH and len(_OTHER & distinct) < 2:
            return DANISH
    elif _FOREIGN_SCRIPT.search(sample):
        foreign = len(_FOREIGN_SCRIPT.findall(sample))
        if foreign >= 3 and foreign > len(_LATIN.findall(sample)):
            return _by_script(sample)
    known = _WEIGHTS.keys() & distinct
    scores = dict.fromkeys(_WORDS, 0.0)
    for word in known:
        for language, weight in _WEIGHTS[word]:
            scores[language] += weight
    if not sample.isascii():
        for letter, languages in _LETTERS.items():
            count = min(sample.count(letter), _MOST_LETTERS)
            for language in languages if count else ():
                scores[language] += _LETTER_WEIGHT * count
    best = max(scores, key=lambda language: scores[language])
    if best == expected or scores[best] < _ENOUGH:
        return expected
    rival = max(scores.get(expected, 0.0), scores[DANISH] if best != DANISH else 0.0)
    return best if scores[best] >= rival * _CLEARLY else expected


def _by_script(sample: str) -> str:
    letters = set(sample)
    if any("\u0600" <= letter <= "\u06ff" for letter in letters):
        persian = sum(sample.count(letter) for letter in _PERSIAN)
        arabic = sum(sample.count(letter) for letter in _ARABIC_ONLY)
        return "fa" if persian > arabic else "ar"
    ukrainian = sum(sample.count(letter) for letter in _UKRAINIAN)
    russian = sum(sample.count(letter) for letter in _RUSSIAN)
    return "ru" if russian > ukrainian else "uk"
