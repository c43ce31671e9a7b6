"""When we cannot do what we should: the caller hears so, and is called back all the same.

Needs a disk and nothing else: no PostgreSQL, no Redis, no rules.
"""

from __future__ import annotations

from typing import Final

from channels.i18n import catalogue
from channels.phone.twiml import NUMBER_PAUSE, Ask, Document, Say
from channels.wording import say_phone

LANGUAGES: Final = ("da", "en")
MOST_TRIES: Final = 2


def we_call_back(number: str) -> Document:
    """Said once the number is safe on disk. The language is not known, so both are spoken."""
    return Document(says=_in_both(_CALL_BACK, number=say_phone(number)))


def ask_number(public_base_url: str, tries: int) -> Document:
    """The caller gave no number that can be called: ask for one, by keys."""
    says = _in_both(_ASK if tries == 0 else _ASK_AGAIN)
    action = f"{public_base_url}/twilio/fallback?try={tries + 1}"
    return Document(ask=Ask(action, "da", says, one_key=False, timeout=NUMBER_PAUSE))


def call_again() -> Document:
    """No number after all, or no disk: nothing may be promised."""
    return Document(says=_in_both(_CALL_AGAIN))


def received(language: str) -> str:
    """The answer to a text message that is safe on disk."""
    return catalogue("phone").gettext(language)(_RECEIVED)


def _in_both(text: str, **values: str) -> tuple[Say, ...]:
    return tuple(
        Say(catalogue("phone").gettext(language)(text).format(**values), language)
        for language in LANGUAGES
    )


_CALL_BACK: Final = (
    "We are having a technical problem right now. Your call has been registered,"
    " and we will call you back on {number}. Goodbye."
)
_ASK: Final = (
    "We are having a technical problem right now. Please key in your phone number and finish"
    " with the hash key, and we will call you back."
)
_ASK_AGAIN: Final = (
    "We cannot call that number. Please key in your phone number again and finish with the"
    " hash key."
)
_CALL_AGAIN: Final = (
    "We are having a technical problem right now. Please call again a little later. Goodbye."
)
_RECEIVED: Final = "Thank you for your message. We have received it and will get back to you."
