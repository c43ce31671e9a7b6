"""Filter: was it sent by a machine? Three separate answers (RFC 3834).

May we acknowledge it, is it machine mail, may it reopen a closed contact. None
of the answers is "drop": every mail becomes a contact or part of one.
"""

from __future__ import annotations

import re
from typing import Final

from channels.mail.reading.headers import text_of, unfold
from channels.mail.reading.letter import Letter, kind
from channels.mail.reading.result import Automatic, Envelope, Sender

_MACHINES: Final = re.compile(
    r"(?:mailer-daemon|postmaster|mailerdaemon|maildaemon|root|bounces?"
    r"|(?:do-?not|no|ikke|svar-ikke)[._-]?(?:reply|svar|respond|besvares)|noreply\w*"
    r"|.*[._+-](?:no-?reply|bounces?))(?:[+._-].*)?@",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"^\s*(?:(?:automatisk|auto)[ -]?(?:svar|reply|response|antwort|matic reply)"
    r"|automatic reply|out of (?:the )?office|autosvar|fraværsbesked|ikke til stede"
    r"|abwesenheits|(?:jeg|i am|i'm) (?:er )?(?:på ferie|on holiday|fraværende))",
    re.IGNORECASE,
)
_AWAY_HEADERS: Final = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply")


def automatic(letter: Letter, envelope: Envelope, sender: Sender) -> Automatic:
    """The three answers, with the first reason."""
    submitted = unfold(letter.first("auto-submitted")).partition(";")[0].strip().lower()
    precedence = unfold(letter.first("precedence")).strip().lower()
    suppress = {
        word.strip().lower()
        for raw in letter.all("x-auto-response-suppress")
        for word in unfold(raw).split(",")
    }
    is_list = any(name.startswith("list-") for name in letter.names())
    is_report = kind(letter.message) == "multipart/report"
    away = (
        submitted.startswith("auto-replied")
        or precedence == "auto_reply"
        or any(letter.has(name) for name in _AWAY_HEADERS)
        or bool(_AWAY.match(text_of(letter.first("subject"))))
    )
    machine_sender = bool(sender.address and _MACHINES.match(sender.address))

    # Outlook puts X-Auto-Response-Suppress on mail that people write, so it
    # forbids an acknowledgement and says nothing about who wrote.
    reasons = {
        "null_return_path": not envelope.sender,
        "auto_submitted": submitted not in {"", "no"},
        "report": is_report,
        "precedence": precedence in {"bulk", "list", "junk", "auto_reply"},
        "mailing_list": is_list,
        "machine_sender": machine_sender,
        "out_of_office": away,
        "suppressed": bool(suppress & {"all", "oof", "autoreply"}),
        "no_sender": not sender.address,
    }
    why = next((word for word, holds in reasons.items() if holds), "")
    is_machine = any(
        holds for word, holds in reasons.items() if word not in {"suppressed", "no_sender"}
    )
    return Automatic(
        may_acknowledge=not why,
        is_machine=is_machine,
        may_reopen=not away and not is_report,
        why=why,
    )
