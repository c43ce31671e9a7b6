"""Words for what the desk shows: how long there is left, what happened, what it is.

Every urgency is said in words; colour only repeats it. English texts are the
message ids, Danish is in locale/da.po.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.dates import format_date

from channels import wording
from channels.i18n import DANISH, Translate, TranslateCount
from channels.i18n import to_translate as _

SOON: Final = timedelta(minutes=30)
_YEAR_NEEDED_AFTER: Final = timedelta(days=300)
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language of one page."""

    language: str
    say: Translate
    ngettext: TranslateCount


def countdown(due_at: datetime, now: datetime, tongue: Tongue) -> str:
    """How long until `due_at`, or how long it is overdue, in whole units.

    Rounded towards zero: nobody is shown more time than there is, and nothing is
    called later than it is.
    """
    seconds = int((due_at - now).total_seconds())
    late = seconds < 0 or due_at < now
    seconds = abs(seconds)
    if seconds < _MINUTE:
        return tongue.say(_("overdue just now")) if late else tongue.say(_("now"))
    if seconds < _HOUR:
        amount = seconds // _MINUTE
        text = (
            tongue.ngettext("overdue by %(n)d min", "overdue by %(n)d min", amount)
            if late
            else tongue.ngettext("in %(n)d min", "in %(n)d min", amount)
        )
    elif seconds < _DAY:
        amount = seconds // _HOUR
        text = (
            tongue.ngettext("overdue by %(n)d hour", "overdue by %(n)d hours", amount)
            if late
            else tongue.ngettext("in %(n)d hour", "in %(n)d hours", amount)
        )
    else:
        amount = seconds // _DAY
        text = (
            tongue.ngettext("overdue by %(n)d day", "overdue by %(n)d days", amount)
            if late
            else tongue.ngettext("in %(n)d day", "in %(n)d days", amount)
        )
    return text % {"n": amount}


def short_time(at: datetime, now: datetime, tongue: Tongue, zone: ZoneInfo) -> str:
    """`i dag kl. 15.00`, `tirs. 24. nov. kl. 15.00`.

    Relative days are safe here: the desk's pages never grow more than a minute
    old. What is sent to citizens says the date (`channels.wording`).
    """
    return _on_day(at, now, tongue, zone).format(
        time=wording.say_clock(at, tongue.language, zone), date=_short_date(at, now, tongue, zone)
    )


def short_window(
    not_before: datetime | None, due_at: datetime, now: datetime, tongue: Tongue, zone: ZoneInfo
) -> str:
    """When it is to be done: `senest i dag kl. 15.00`, `i dag kl. 13.00 til 15.00`."""
    end = short_time(due_at, now, tongue, zone)
    if not_before is None:
        return tongue.say(_("no later than {time}")).format(time=end)
    start = short_time(not_before, now, tongue, zone)
    if not_before.astimezone(zone).date() == due_at.astimezone(zone).date():
        end = wording.say_clock(due_at, tongue.language, zone)
    return tongue.say(_("{start} to {end}")).format(start=start, end=end)


def _on_day(at: datetime, now: datetime, tongue: Tongue, zone: ZoneInfo) -> str:
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    near = {
        -1: _("yesterday at {time}"),
        0: _("today at {time}"),
        1: _("tomorrow at {time}"),
    }
    return tongue.say(near.get(days, _("{date} at {time}")))


def _short_date(at: datetime, now: datetime, tongue: Tongue, zone: ZoneInfo) -> str:
    pattern = "EEE d. MMM" if tongue.language == DANISH else "EEE d MMM"
    if abs(at - now) > _YEAR_NEEDED_AFTER:
        pattern += " y"
    return format_date(at.astimezone(zone).date(), pattern, locale=tongue.language)


def urgency(due_at: datetime, not_before: datetime | None, now: datetime) -> str:
    """`late`, `soon`, `early` (its window has not opened) or `fine`. A CSS class."""
    if due_at < now:
        return "late"
    if due_at - now < SOON:
        return "soon"
    if not_before is not None and not_before > now:
        return "early"
    return "fine"


CHANNELS: Final[Mapping[str, str]] = {
    "phone": _("Phone"),
    "sms": _("Text message"),
    "mail": _("E-mail"),
    "web": _("Web form"),
    "desk": _("At the town hall"),
}
KINDS: Final[Mapping[str, str]] = {kind.value: name for kind, name in wording.KINDS.items()}
STATES: Final[Mapping[str, str]] = {
    "waiting": _("waiting"),
    "scheduled": _("at an agreed time"),
    "reserved": _("somebody is about to call"),
    "dialling": _("the phone is ringing"),
    "uncertain": _("finding out whether the call was answered"),
    "resting": _("to be tried again"),
    "needs_person": _("needs your decision"),
    "kept": _("kept"),
    "answered_inbound": _("answered when the citizen got in touch"),
    "withdrawn": _("withdrawn by the citizen"),
    "replaced": _("replaced by another promise"),
    "unreachable": _("could not be reached, told in writing"),
    "open": _("open"),
    "closed": _("closed"),
}
AUDIENCES: Final[Mapping[str, str]] = {
    "owner": _("who has it"),
    "deputy": _("the deputy"),
    "department": _("the department"),
    "leader": _("the leader"),
    "administrator": _("the administrator"),
}
RESULTS: Final[Mapping[str, str]] = {
    "reached": _("Reached"),
    "no_answer": _("No answer"),
    "busy": _("Busy"),
    "machine": _("Answering machine"),
    "wrong_number": _("Wrong number"),
}
OUTCOMES: Final[Mapping[str, str]] = {
    "solved": _("Solved"),
    "answered": _("Answered"),
    "forwarded": _("Passed on to another authority"),
    "withdrawn": _("Withdrawn by the citizen"),
    "unreachable": _("Could not be reached"),
    "spam": _("Spam"),
    "duplicate": _("Same as another contact"),
}
GROUPS: Final[Mapping[str, str]] = {
    "borger": _("Citizen"),
    "erhverv": _("Company"),
    "forening": _("Association"),
}
LANGUAGES: Final[Mapping[str, str]] = {
    "da": _("Danish"),
    "en": _("English"),
    "de": _("German"),
    "ar": _("Arabic"),
    "uk": _("Ukrainian"),
    "pl": _("Polish"),
}
FLAGS: Final[Mapping[str, str]] = {
    "acute": _("acute: act today"),
    "urgent_child_concern": _("concern about a child: assess within 24 hours"),
    "threat": _("threat: tell a leader"),
    "suicide": _("risk of suicide: act now"),
    "complaint": _("complaint: call the citizen"),
    "callback_requested": _("asks to be called"),
    "status_request": _("asks for status"),
    "not_our_authority": _("belongs to another authority"),
    "multiple_topics": _("several topics"),
    "contains_cpr": _("contains a CPR number"),
    "names_caseworker": _("names a caseworker"),
    "access_request": _("asks for access to documents"),
    "interpreter_needed": _("interpreter needed"),
    "on_behalf_of": _("on behalf of somebody else"),
    "digitally_exempt": _("cannot use digital post: call or write a letter"),
    "no_calls": _("cannot be called: answer in writing"),
    "anonymous": _("wants to be anonymous"),
    "spam": _("looks like spam"),
    "unparsed": _("could not be read by machine: see the original"),
    "needs_confirmation": _("sender not confirmed"),
}
URGENT_FLAGS: Final = frozenset({"acute", "urgent_child_concern", "threat", "suicide"})
QUEUE_FLAGS: Final = URGENT_FLAGS | {"no_calls"}
"""Flags that must be seen before anything is done."""
EFFECTS: Final[Mapping[str, str]] = {
    "mail.tell": _("E-mail to the citizen"),
    "sms.tell": _("Text message to the citizen"),
    "mail.forward": _("E-mail forwarded to the department"),
    "mail.alert": _("Alarm to the department"),
    "mail.alert_list": _("List of alarms"),
    "call.look_up": _("Question to the phone provider"),
}
EFFECT_STATES: Final[Mapping[str, str]] = {
    "pending": _("on its way"),
    "sent": _("delivered"),
    "failed": _("could not be delivered"),
}


def label(words: Mapping[str, str], key: str, tongue: Tongue) -> str:
    """The word for `key`, or `key` itself made readable when the house has no word."""
    found = words.get(key)
    return tongue.say(found) if found is not None else key.replace("_", " ").replace(".", " ")


def why_sentence(why: Any, language: str) -> str:
    """The decision's reason in the reader's language, or Danish, or nothing."""
    if isinstance(why, Mapping):
        for key in (language, "da", "en"):
            if isinstance(why.get(key), str):
                return str(why[key])
    return why if isinstance(why, str) else ""
