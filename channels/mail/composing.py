"""Mails that we write ourselves: acknowledgements to citizens, alerts to staff.

Nothing of what the citizen wrote is repeated in them: it may hold a CPR number,
and it would let a stranger send text through us.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2

from channels import wording
from channels.i18n import (
    DANISH,
    catalogue,
    current_gettext,
    current_ngettext,
    speaking,
    spoken_language,
    to_translate,
)
from channels.mail.alerts import (
    ALERT_SUBJECTS,
    LIST_SUBJECT,
    Alert,
    Line,
    alert_values,
    list_values,
)
from channels.mail.identity import Identity
from channels.mail.occasions import OCCASION_SUBJECTS
from channels.mail.reading.pipeline import LOOP_HEADER

if TYPE_CHECKING:
    from router.config import Municipality
    from router.model import PromiseGiven

_TELL_SUBJECTS: Final = {
    "receipt": to_translate("We have received your enquiry – {reference}"),
    "tried": to_translate("We tried to call you – {reference}"),
    "rescheduled": to_translate("A new time for our promise to you – {reference}"),
    "withdrawn": to_translate("We do not call you – {reference}"),
    "unreachable": to_translate("We cannot reach you – {reference}"),
} | OCCASION_SUBJECTS


@dataclass(frozen=True, slots=True)
class Tell:
    """What an acknowledgement says."""

    template: str
    to: str
    language: str
    reference: str
    access_code: str
    department: str
    """Department id."""
    promise: PromiseGiven | None = None
    tried_at: datetime | None = None
    retry_at: datetime | None = None
    in_reply_to: str = ""
    occasion: Mapping[str, Any] = field(default_factory=dict)
    """What the mails of `channels.mail.occasions` say besides."""
    besides: Mapping[str, str] = field(default_factory=dict)
    """What a rule has us tell besides, by language."""


class Composer:
    """Makes whole mails. Pure apart from reading its templates once."""

    def __init__(
        self, current: Callable[[], Municipality], identity: Identity, base_url: str
    ) -> None:
        """`current`: the configuration as it is now; nobody holds an old one."""
        self._current = current
        self._identity = identity
        self._base_url = base_url
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=jinja2.select_autoescape(["html"]),
            extensions=["jinja2.ext.i18n"],
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates.install_gettext_callables(  # type: ignore[attr-defined]
            current_gettext, current_ngettext, newstyle=True
        )

    @property
    def _municipality(self) -> Municipality:
        return self._current()

    def tell(self, effect_id: int, tell: Tell, now: datetime) -> EmailMessage:
        """The mail to a citizen. Raises KeyError for a template that there is not."""
        language = spoken_language(tell.language)
        zone = self._municipality.zone
        department = self._department_name(tell.department, language)
        promise = tell.promise
        query = "" if language == DANISH else f"?lang={language}"
        message = self._write(
            effect_id,
            _TELL_SUBJECTS[tell.template],
            tell.template,
            language,
            tell.reference,
            {
                "department": department,
                "promise": ""
                if promise is None
                else wording.promise_sentence(promise, department, language, now, zone),
                "tried_at": _time(tell.tried_at, language, zone, now),
                "retry_at": _time(tell.retry_at, language, zone, now),
                "besides": tell.besides.get(language) or tell.besides.get(DANISH, ""),
                "access_code": tell.access_code,
                "status_url": f"{self._base_url}/status{query}",
                **tell.occasion,
            },
            now,
        )
        message["To"] = tell.to
        message["Reply-To"] = self._identity.reply_address(tell.reference)
        message["Auto-Submitted"] = "auto-replied"
        if tell.in_reply_to:
            message["In-Reply-To"] = tell.in_reply_to
            message["References"] = tell.in_reply_to
        return message

    def alert(self, effect_id: int, alert: Alert, now: datetime) -> EmailMessage:
        """The mail to staff: what has happened, and a link; never any content.

        Raises KeyError for a template that there is not.
        """
        department = self._department_name(alert.department, DANISH)
        message = self._write(
            effect_id,
            ALERT_SUBJECTS[alert.template],
            "alert",
            DANISH,
            alert.reference,
            alert_values(alert, department, self._base_url, self._municipality, now),
            now,
        )
        message["To"] = alert.to
        message["Auto-Submitted"] = "auto-generated"
        return message

    def alert_list(
        self, effect_id: int, to: str, lines: Sequence[Line], count: int, now: datetime
    ) -> EmailMessage:
        """The mail that stands for many alarms of one minute."""
        message = self._write(
            effect_id,
            catalogue("mail").ngettext(DANISH)(*LIST_SUBJECT, count),
            "alert_list",
            DANISH,
            "",
            list_values(lines, count, self._base_url, self._municipality, now),
            now,
        )
        message["To"] = to
        message["Auto-Submitted"] = "auto-generated"
        return message

    def _write(
        self,
        effect_id: int,
        subject: str,
        template: str,
        language: str,
        reference: str,
        values: dict[str, Any],
        now: datetime,
    ) -> EmailMessage:
        municipality = self._municipality
        shown = wording.grouped_reference(reference)
        texts = catalogue("mail").gettext(language)
        values = values | {
            "language": language,
            "municipality": municipality,
            "reference": shown,
            "phone": wording.say_phone(municipality.phone),
        }
        named = texts(subject).format(reference=shown, count=values.get("count", ""))
        with speaking("mail", language):
            plain = self._templates.get_template(f"{template}.txt").render(values)
            html = self._templates.get_template(f"{template}.html").render(values, subject=named)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(municipality.name, addr_spec=self._identity.address)
        message["Subject"] = named
        message["Date"] = format_datetime(now.astimezone(municipality.zone))
        message["Message-ID"] = self._identity.message_id(effect_id)
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = self._identity.loop_mark(effect_id)
        message.set_content(plain.strip() + "\n", cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message["Content-Language"] = language
        # Not a random one: a second attempt is the same mail, byte for byte.
        message.set_boundary(f"=_indgang_{effect_id}")
        return message

    def _department_name(self, department: str, language: str) -> str:
        departments = self._municipality.departments
        known = departments.get(department, departments[self._municipality.default_department])
        return known.name_in(language)


def _time(at: datetime | None, language: str, zone: Any, now: datetime) -> str:
    return "" if at is None else wording.say_time(at, language, zone, now)
