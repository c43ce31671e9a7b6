"""Whether a document is TwiML, by the grammar of the npm package `twilio`.

`twiml_grammar.json` holds facts read from its `VoiceResponse.d.ts`: which verbs
there are, what may stand inside them, which attributes they take and of what
kind. The Python package builds anything without looking.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, Final

_GRAMMAR: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "twiml_grammar.json").read_text()
)
_NUMBER: Final = re.compile(r"^[0-9]+$")
_TEXT_ELEMENTS: Final = frozenset({"Say", "Redirect", "Play"})
_LONGEST: Final = 64 * 1024
"""Twilio refuses a document that is larger (error 11750)."""
_LONGEST_SAY: Final = 4096


class NotTwiML(AssertionError):
    """The document is not what Twilio would take."""


def check_voice(document: str) -> ElementTree.Element:
    """The root of `document`; raises NotTwiML when it is not a voice response."""
    if len(document.encode()) > _LONGEST:
        raise NotTwiML("the document is too large")
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        raise NotTwiML(f"not XML: {error}") from None
    if root.tag != "Response" or root.attrib:
        raise NotTwiML(f"the root is {root.tag} {root.attrib}")
    for verb in root:
        if verb.tag not in _GRAMMAR["root"]:
            raise NotTwiML(f"{verb.tag} is no verb")
        _check(verb)
    return root


def _check(element: ElementTree.Element) -> None:
    known = _GRAMMAR["elements"].get(element.tag)
    if known is None:
        raise NotTwiML(f"{element.tag} is not in the grammar of the tests")
    for name, value in element.attrib.items():
        rule = known["attributes"].get(name)
        if rule is None:
            raise NotTwiML(f"{element.tag} takes no {name}")
        if not _fits(rule, value):
            raise NotTwiML(f"{element.tag} {name}={value!r} does not fit {rule}")
    for child in element:
        if child.tag not in known["children"]:
            raise NotTwiML(f"{child.tag} may not stand in {element.tag}")
        _check(child)
    text = (element.text or "").strip()
    if text and element.tag not in _TEXT_ELEMENTS:
        raise NotTwiML(f"{element.tag} holds text")
    if element.tag in _TEXT_ELEMENTS and not text:
        raise NotTwiML(f"{element.tag} is empty")
    if element.tag == "Say" and len(text) > _LONGEST_SAY:
        raise NotTwiML("Say is too long")


def _fits(rule: dict[str, Any], value: str) -> bool:
    values = value.split() if rule["list"] else [value]
    if not values:
        return False
    if "values" in rule:
        return all(one in rule["values"] for one in values)
    if rule["type"] == "number":
        return all(_NUMBER.match(one) for one in values)
    if rule["type"] == "boolean":
        return all(one in ("true", "false") for one in values)
    return True
