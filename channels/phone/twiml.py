"""What the line says and asks, as data, and as the TwiML that Twilio reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse

VOICES: Final = {
    "da": ("Polly.Sofie-Neural", "da-DK"),
    "en": ("Polly.Amy-Neural", "en-GB"),
}

TOPIC_PAUSE: Final = 6
"""Seconds of silence before we ask again what it is about."""
NUMBER_PAUSE: Final = 10
"""Somebody who types a number looks it up first."""


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence or more, in one language."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What is said while keys and speech are already listened for."""

    action: str
    """Where the answer goes, and silence too."""
    language: str
    says: tuple[Say, ...]
    one_key: bool = True
    """False: any number of keys, ended with #."""
    timeout: int = TOPIC_PAUSE
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One TwiML answer: said, then asked, or the end of the call."""

    says: tuple[Say, ...] = ()
    ask: Ask | None = None


def render(document: Document) -> str:
    """`document` as TwiML. Without a question it ends the call."""
    response = VoiceResponse()
    for said in document.says:
        _say(response, said)
    if document.ask is None:
        response.hangup()
        return str(response)
    ask = document.ask
    gather = Gather(**_listening(ask))
    for said in ask.says:
        _say(gather, said)
    response.append(gather)
    # Nothing heard: the same address hears of it, and decides.
    response.redirect(ask.action, method="POST")
    return str(response)


def message(text: str) -> str:
    """TwiML that answers a text message with `text`; with nothing, if it is empty."""
    response = MessagingResponse()
    if text:
        response.message(text)
    return str(response)


def _listening(ask: Ask) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "input": "dtmf speech",
        "action": ask.action,
        "method": "POST",
        "language": VOICES[ask.language][1],
        "timeout": ask.timeout,
        "speech_timeout": "auto",
    }
    if ask.one_key:
        attributes["num_digits"] = 1
    else:
        attributes["finish_on_key"] = "#"
    if ask.hints:
        attributes["hints"] = ",".join(ask.hints)
    return attributes


def _say(parent: VoiceResponse | Gather, said: Say) -> None:
    voice, language = VOICES[said.language]
    parent.say(_readable(said.text), voice=voice, language=language)


def _readable(text: str) -> str:
    """XML 1.0 has no control characters; a name from the configuration may."""
    return "".join(mark for mark in text if mark >= " " or mark in "\t\n")
