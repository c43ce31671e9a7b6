"""Why something did not go, in words for staff: on the pages and in the staff API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from channels.i18n import Translate
from channels.i18n import to_translate as _

REFUSALS: Final[Mapping[str, str]] = {
    "taken_by_other": _("{owner} has it already."),
    "stale": _("It has changed since you opened the page. {owner} has it now."),
    "closed": _("The contact is closed."),
    "open_promise": _(
        "Something is promised. Keep it, or note that it is no longer wanted, first."
    ),
    "promise_ended": _("Somebody else was here first: the promise has already ended."),
    "already_reserved": _("Somebody is calling already."),
    "already_there": _("It is there already."),
    "nothing_offered": _("The offer is no longer there. {owner} has it now."),
    "offered_to_other": _("It is offered to somebody else."),
    "caseworker_needed": _("Only a caseworker can take it. The switchboard can offer it to one."),
    "no_such_department": _("Choose who it is offered to."),
    "no_such_caseworker": _("Choose who it is offered to."),
    "party_unknown": _("Neither a phone number nor an e-mail address is known of the citizen."),
    "no_such_promise": _("That promise does not belong to this contact."),
    "empty_note": _("Write a few words first."),
    "time_unreadable": _("The time could not be read. Write it as in 24-11-2026 13:00."),
    "time_does_not_exist": _("That hour does not exist: the clocks go forward that night."),
    "window_in_past": _("That time has passed. Choose a later one."),
    "window_end_before_start": _("The time ends before it starts."),
    "window_too_far": _("That is too far ahead. Choose an earlier time."),
    "window_missing": _("Write the time that you agreed on."),
    "open_part": _("A topic is open. The whole closes after its topics."),
    "part_ended": _("Somebody else was here first: the topic has already ended."),
    "no_such_part": _("That topic does not belong to this contact."),
    "no_such_meeting": _("That meeting does not belong to this contact."),
    "how_many_parts": _("Write the title of at least one topic."),
    "empty_title": _("Write what the topic is about, in words that the citizen understands."),
    "empty_subject": _("Write what the meeting is about, in words that the citizen understands."),
    "title_too_long": _("That is too long."),
    "contains_cpr": _("There is a CPR number in it. Leave it out: this is not safe for it."),
    "no_calls": _("The citizen has said that they cannot be called. Write instead."),
    "phone_missing": _("Write the number to call."),
    "phone_impossible": _("That is not a phone number that we can call."),
    "place_missing": _("Write where you meet, or the link."),
    "meeting_too_long": _("That is too long."),
    "meeting_over": _("The meeting has been held or cancelled already."),
    "meeting_not_begun": _("The meeting has not begun yet."),
    "meeting_not_held": _("Say first that the meeting was held."),
    "open_meeting": _("A meeting about it is agreed. Cancel the meeting first."),
    "not_written": _("Write it first."),
    "empty_words": _("Write a few words first."),
    "use_meeting": _("It follows the meeting. Say it at the meeting itself, further down."),
    "no_mail": _("We have no e-mail address. Send a letter, and say so here."),
    "say_how": _("Write what is sent, or say how the citizen got it in writing."),
    "law_comes_first": _("A deadline of the law cannot be moved."),
    "notice_promised": _("The notice has been promised already."),
    "no_deadline_of_law": _("This promise has no deadline of the law."),
    "not_a_call": _("No call is promised here. Say how it was done instead."),
    "reason_missing": _("The law asks for this. Write why it is dropped."),
    "no_notice": _("Nobody is told in writing that this is missed. It must be done."),
    "window_closed": _("We are closed all through that time. Choose another one."),
    "not_tried": _("Nobody has called yet. Call, and save how it went, before you close it so."),
    "notice_first": _(
        "Tell the citizen in writing first that we cannot reach them: send it from here, "
        "or say how you gave it."
    ),
    "notice_pending": _("The message to the citizen has not left yet. Try again in a moment."),
    "notice_sent": _("The citizen has been told already."),
    "no_way_to_write": _(
        "We have no address to write to. Give a letter, and say how when you close it."
    ),
    "belongs_to_part": _("Take the topic that it belongs to."),
}
INCOMPLETE: Final = _("Something is missing in the form, or does not fit. Please look again.")
NOBODY: Final = _("Nobody")


def refusal_words(code: str, translate: Translate, owner: str = "") -> str:
    """The sentence for `code`; empty when there is none. `owner` is who has it now."""
    words = REFUSALS.get(code)
    return translate(words).format(owner=owner or translate(NOBODY)) if words else ""
