"""Which times are free: never one too many, never one too few, only when we are there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.capacity import ALL_OPEN, Absence, Duty, Outlook, Promised, Roster, Slot, slots_on
from router.hours import Calendar, ClosingDay, Hours, Opening
from router.model import CallbackWish
from router.promise_terms import Terms
from router.slots import Book

ZONE = ZoneInfo("Europe/Copenhagen")
HALF = timedelta(minutes=30)
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def opening(start: float, end: float) -> Opening:
    return Opening(timedelta(hours=start), timedelta(hours=end))


def hours_of(week: tuple[tuple[Opening, ...], ...], keeps: bool = True) -> Hours:
    closing = ClosingDay(11, 26, {"da": "Lukkedag"})
    return Hours(ZONE, {"x": Calendar("x", {}, week, keeps)}, [closing])


OFFICE = hours_of(((opening(8, 15),),) * 5 + ((),) * 2)
ROSTER = Roster(HALF, timedelta(minutes=10), (Duty(ALL_OPEN, 2, 50),))


def room(roster: Roster, hours: Hours = OFFICE, day: date = date(2026, 11, 24)) -> list[int]:
    return [number for _, number in slots_on(roster, hours, "x", day, roster.handling)]


# What a roster makes of a day


def test_a_slot_has_room_for_what_its_staff_can_do() -> None:
    assert room(ROSTER) == [3] * 14
    assert room(replace(ROSTER, duties=(Duty(ALL_OPEN, 1, 50),))) == [1, 2] * 7
    assert room(replace(ROSTER, handling=timedelta(minutes=45))) == [0, 1, 1] * 4 + [0, 1]
    assert room(replace(ROSTER, duties=())) == [0] * 14


def test_duties_outside_opening_hours_make_no_slots() -> None:
    night = Hours(ZONE, {"n": Calendar("n", {}, ((opening(0, 9),),) * 7, False)})
    roster = replace(ROSTER, duties=(Duty("n", 2, 100),), hours=night)
    assert room(roster) == [6, 6] + [0] * 12
    saturday, closing_day, christmas = date(2026, 11, 28), date(2026, 11, 26), date(2026, 12, 25)
    for day in (saturday, closing_day, christmas):
        assert room(roster, day=day) == []


@pytest.mark.parametrize(("away", "left"), [(1, 1), (2, 0), (5, 0), (None, 0)])
def test_who_is_away_calls_nobody(away: int | None, left: int) -> None:
    tuesday = date(2026, 11, 24)
    roster = replace(ROSTER, absences=(Absence(tuesday, tuesday, away),))
    assert sum(room(roster)) == 21 * left
    assert sum(room(roster, day=tuesday + timedelta(days=1))) == 42


@given(
    staff=st.integers(0, 9),
    share=st.integers(0, 100),
    minutes=st.integers(1, 240),
    length=st.integers(5, 120),
)
def test_a_day_has_room_for_what_fits_in_it_and_no_more(
    staff: int, share: int, minutes: int, length: int
) -> None:
    roster = Roster(
        timedelta(minutes=length), timedelta(minutes=minutes), (Duty(ALL_OPEN, staff, share),)
    )
    slots = slots_on(roster, OFFICE, "x", date(2026, 11, 24), roster.handling)
    worked = len(slots) * length * 60 * staff * share // 100
    assert sum(number for _, number in slots) == worked // (minutes * 60)
    assert all(a.end == b.start for (a, _), (b, _) in pairwise(slots))


@pytest.mark.parametrize(
    ("day", "length"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 7), 24)]
)
def test_the_nights_when_the_clocks_change(day: date, length: int) -> None:
    always = hours_of(((opening(0, 24),),) * 7, keeps=False)
    slots = [slot for slot, _ in slots_on(ROSTER, always, "x", day, ROSTER.handling)]
    assert len(slots) == length * 2
    assert all(slot.end - slot.start == HALF for slot in slots)
    walls = [slot.start.astimezone(ZONE).strftime("%H.%M") for slot in slots]
    # 02.30 does not exist in March, and comes twice in October.
    assert walls.count("02.30") == length - 23


@given(day=st.dates(date(2026, 1, 1), date(2028, 12, 31)), start=st.integers(0, 20))
def test_a_slot_lies_in_open_time(day: date, start: int) -> None:
    hours = hours_of(((opening(start, start + 3.75),),) * 7)
    spans = hours.intervals("x", day)
    for slot, _ in slots_on(ROSTER, hours, "x", day, ROSTER.handling):
        assert any(opens <= slot.start and slot.end <= closes for opens, closes in spans)


# Which slots are free


def grid(rooms: list[int]) -> list[tuple[Slot, int]]:
    return [
        (Slot(NOW + HALF * place, NOW + HALF * (place + 1)), number)
        for place, number in enumerate(rooms)
    ]


def can_all_be_made(rooms: list[int], windows: list[tuple[int, int]]) -> bool:
    """Hall's condition: nowhere more calls that must lie between two slots than there is room."""
    return all(
        sum(first <= low and high <= last for low, high in windows) <= sum(rooms[first : last + 1])
        for first in range(len(rooms))
        for last in range(first, len(rooms))
    )


ROOMS = st.lists(st.integers(0, 3), min_size=1, max_size=9)


def promised(windows: list[tuple[int, int]]) -> list[Promised]:
    return [Promised(NOW + HALF * first, NOW + HALF * (last + 1)) for first, last in windows]


@given(data=st.data(), rooms=ROOMS)
def test_free_is_what_can_be_promised_with_every_promise_kept(
    data: st.DataObject, rooms: list[int]
) -> None:
    place = st.integers(0, len(rooms) - 1)
    windows: list[tuple[int, int]] = []
    for one, other in data.draw(st.lists(st.tuples(place, place), max_size=12)):
        window = (min(one, other), max(one, other))
        if can_all_be_made(rooms, [*windows, window]):
            windows.append(window)
    outlook = Outlook(grid(rooms), promised(windows), NOW)
    free = {slot.start for slot in outlook.free()}
    for at, (slot, _) in enumerate(grid(rooms)):
        assert (slot.start in free) == can_all_be_made(rooms, [*windows, (at, at)])
    for first in range(len(rooms)):
        for last in range(first, len(rooms)):
            fits = outlook.fits(NOW + HALF * first, NOW + HALF * (last + 1))
            assert fits == can_all_be_made(rooms, [*windows, (first, last)])


@given(data=st.data(), rooms=ROOMS)
def test_whatever_is_taken_leaves_every_promise_keepable(
    data: st.DataObject, rooms: list[int]
) -> None:
    book = Book("x", Outlook(grid(rooms), [], NOW), NOW)
    windows: list[tuple[int, int]] = []
    place = st.integers(0, len(rooms) - 1)
    for one, other in data.draw(st.lists(st.tuples(place, place), max_size=25)):
        start, end = NOW + HALF * min(one, other), NOW + HALF * (max(one, other) + 1)
        terms = book.take(CallbackWish("+4520304050", start, end), NOW + HALF * len(rooms))
        if terms is None:
            continue
        since = NOW if terms.not_before is None else terms.not_before
        windows.append((int((since - NOW) / HALF), int((terms.due_at - NOW) / HALF) - 1))
        assert since >= start or since == NOW
    assert can_all_be_made(rooms, windows)
    # Everything was given away that there was, or nobody who wished for it came.
    assert len(windows) <= sum(rooms)


def test_the_last_one_is_given_away_once_and_the_next_gets_the_next() -> None:
    book = Book("x", Outlook(grid([1, 1, 0, 1]), [], NOW), NOW)
    wish = CallbackWish("+4520304050", NOW, NOW + HALF)
    latest = NOW + HALF * 4
    taken = [book.take(wish, latest) for _ in range(4)]
    assert taken == [
        Terms(None, NOW + HALF),
        Terms(NOW + HALF, NOW + HALF * 2),
        Terms(NOW + HALF * 3, NOW + HALF * 4),
        None,
    ]


def test_a_window_stays_as_wished_and_one_without_an_end_becomes_a_slot() -> None:
    book = Book("x", Outlook(grid([1] * 4), [], NOW), NOW)
    latest = NOW + HALF * 4
    wide = CallbackWish("+45", NOW + HALF, NOW + HALF * 3)
    assert book.take(wide, latest) == Terms(NOW + HALF, NOW + HALF * 3)
    # It can be called in either of its slots, so each of them is still free; not both.
    assert len(book.outlook.free()) == 4
    after = CallbackWish("+45", NOW + HALF + timedelta(minutes=1))
    assert book.take(after, latest) == Terms(NOW + HALF * 2, NOW + HALF * 3)
    assert [slot.start for slot in book.outlook.free()] == [NOW, NOW + HALF * 3]
    assert book.take(CallbackWish("+45", None, NOW + HALF), latest) == Terms(None, NOW + HALF)


def test_what_is_late_or_waits_takes_its_room_first() -> None:
    late = Promised(None, NOW - timedelta(days=1), 3)
    assert Outlook(grid([1] * 5), [late], NOW).free() == [slot for slot, _ in grid([1] * 5)[3:]]
    # Four that wait until the end of the fifth slot: any one slot can be given away, once.
    waiting = Promised(None, NOW + HALF * 5, 4)
    outlook = Outlook(grid([1] * 5), [waiting], NOW)
    assert len(outlook.free()) == 5
    outlook.add(Promised(NOW, NOW + HALF))
    assert outlook.free() == []


def test_the_slot_under_way_is_not_offered_but_what_is_left_of_it_is_used() -> None:
    middle = NOW + timedelta(minutes=15)
    outlook = Outlook(grid([2, 1]), [], middle)
    assert [slot.start for slot in outlook.free()] == [NOW + HALF]
    waiting = Promised(None, NOW + HALF * 2)
    assert len(Outlook(grid([2, 1]), [waiting], middle).free()) == 1
    assert Outlook(grid([1, 1]), [waiting], middle).free() == []


def test_a_window_without_a_whole_slot_still_takes_its_room() -> None:
    odd = Promised(NOW + timedelta(minutes=10), NOW + timedelta(minutes=20))
    assert [s.start for s in Outlook(grid([1, 1, 1]), [odd], NOW).free()] == [
        NOW + HALF,
        NOW + HALF * 2,
    ]
