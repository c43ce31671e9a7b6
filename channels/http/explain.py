"""Why a field does not fit, in words that help to put it right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from channels.i18n import Translate, to_translate

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# pydantic's error types, and those that our own validators raise.
_WORDS: Final = {
    "missing": to_translate("This field is required."),
    "extra_forbidden": to_translate("There is no such field."),
    "string_type": to_translate("This must be a text."),
    "string_too_short": to_translate("Write at least {min_length} character(s)."),
    "string_too_long": to_translate("Write at most {max_length} characters."),
    "literal_error": to_translate("This must be one of: {expected}."),
    "enum": to_translate("This must be one of: {expected}."),
    "model_type": to_translate("This must be an object."),
    "model_attributes_type": to_translate("This must be an object."),
    "int_type": to_translate("This must be a whole number."),
    "int_parsing": to_translate("This must be a whole number."),
    "bool_type": to_translate("This must be true or false."),
    "datetime_type": to_translate("Write date and time as in 2026-11-24T13:00:00+01:00."),
    "datetime_parsing": to_translate("Write date and time as in 2026-11-24T13:00:00+01:00."),
    "datetime_from_date_parsing": to_translate(
        "Write date and time as in 2026-11-24T13:00:00+01:00."
    ),
    "timezone_aware": to_translate(
        "Date and time need their offset from UTC, as in 2026-11-24T13:00:00+01:00."
    ),
    "window_without_zone": to_translate(
        "Date and time need their offset from UTC, as in 2026-11-24T13:00:00+01:00."
    ),
    "unstorable_character": to_translate(
        "The text holds a character that cannot be kept (U+0000). Please remove it."
    ),
    "blank": to_translate("Write a few words."),
    "phone_impossible": to_translate(
        "This is not a phone number that we can call. Write it as in 20 30 40 50, "
        "or with country code as in +46 70 123 45 67."
    ),
    "email_impossible": to_translate(
        "This is not an e-mail address that we can write to. Write it as in name@example.dk."
    ),
    "phone_missing": to_translate("Write the phone number that we shall call."),
    "language_unknown": to_translate("Write the language as in da or en."),
    "window_missing": to_translate("Say from when, or until when."),
    "window_closed": to_translate("We are closed at that time."),
    "slot_taken": to_translate("That time is no longer free."),
    "promise_ended": to_translate("The call has already been made or withdrawn."),
    "no_callback": to_translate("No call has been promised here."),
    "no_such_contact": to_translate("There is no such enquiry."),
    "no_such_promise": to_translate("There is no such promise."),
    "no_such_part": to_translate("There is no such topic."),
    "no_such_meeting": to_translate("There is no such meeting."),
    "several_calls": to_translate("Several calls have been promised here. Say which one."),
    "no_such_call": to_translate("There is no such call here."),
    "too_urgent": to_translate(
        "This is urgent, so we call as soon as we can. Call us if that does not suit you."
    ),
    "callback_and_no_calls": to_translate(
        "Either ask to be called, or say that you cannot be called."
    ),
    "department_missing": to_translate("Say which department, as in department=byg."),
    "no_such_department": to_translate("There is no such department."),
    "bad_from": to_translate("Write a day as in 2026-11-24."),
    "bad_days": to_translate("Write how many days: a whole number from 1 to {most}."),
    "time_does_not_exist": to_translate(
        "That time does not exist: the clocks are set forward that night."
    ),
    "window_in_past": to_translate("That time has passed. Choose a later one."),
    "window_end_before_start": to_translate("The time ends before it starts."),
    "window_too_far": to_translate("That is too far ahead. Choose an earlier time."),
}


def explain(error: ErrorDetails, translate: Translate) -> str:
    """One sentence for one pydantic error, in the language of `translate`."""
    return say(error["type"], translate, error.get("ctx")) or error["msg"]


def say(code: str, translate: Translate, values: dict[str, Any] | None = None) -> str:
    """The sentence for `code`; empty when there is none."""
    words = _WORDS.get(code)
    return translate(words).format(**(values or {})) if words else ""
