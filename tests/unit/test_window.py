"""Is a change window open when it says so, and when does it open next?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpce.core.window import Window, read_window

WINDOWS = [
    "sun:02:00-sun:05:00",
    "sat:23:00-sun:01:00",
    "sun:23:00-mon:01:00",
    "22:00-04:00",
    "22:00-23:00+sat:00:00-sun:00:00",
]


YEARS = (datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001  Hypothesis adds the zone


def a_window(text: str) -> Window:
    window = read_window(text)
    assert window is not None
    return window


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("sun:02:00-sun:05:00", "2026-11-29T02:00", True),
        ("sun:02:00-sun:05:00", "2026-11-29T04:59", True),
        ("sun:02:00-sun:05:00", "2026-11-29T05:00", False),
        ("sun:02:00-sun:05:00", "2026-11-28T03:00", False),
        ("Sun:02:00-sun:05:00 ", "2026-11-29T02:00", True),
        ("sun:23:00-mon:01:00", "2026-11-30T00:30", True),
        ("22:00-04:00", "2026-11-24T23:00", True),
        ("22:00-04:00", "2026-11-25T03:59", True),
        ("22:00-04:00", "2026-11-25T04:00", False),
        ("22:00-04:00 + sat:12:00-sat:14:00", "2026-11-28T13:00", True),
    ],
)
def test_a_window_is_open_from_its_first_minute_to_before_its_last(text: str, moment: str, *, expected: bool) -> None:
    assert a_window(text).is_open(datetime.fromisoformat(moment).replace(tzinfo=UTC)) is expected


def test_windows_are_in_utc_wherever_the_clock_is() -> None:
    moment = datetime(2026, 11, 29, 4, 0, tzinfo=timezone(timedelta(hours=2)))

    assert a_window("sun:02:00-sun:03:00").is_open(moment)


@given(st.sampled_from(WINDOWS), st.datetimes(*YEARS, timezones=st.just(UTC)))
def test_a_window_is_open_when_it_opens_and_was_not_between(text: str, now: datetime) -> None:
    window = a_window(text)
    opens = window.opens(now)

    assert now < opens <= now + timedelta(days=7)
    assert window.is_open(opens)
    assert window.is_open(now) or not window.is_open(opens - timedelta(microseconds=1))


@pytest.mark.parametrize("text", ["", "  ", "always", "Always"])
def test_no_window_is_always(text: str) -> None:
    assert read_window(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "at night",
        "02:00",
        "2:00-4:00",
        "24:00-01:00",
        "sun:02:00-05:00",
        "02:00-sun:05:00",
        "son:02:00-son:05:00",
        "22:00-04:00+",
    ],
)
def test_what_is_no_window_is_refused_and_told_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"write it as 'sun:02:00-sun:05:00' or '22:00-04:00', in UTC"):
        read_window(text)


@pytest.mark.parametrize("text", ["02:00-02:59", "02:00-02:00", "sun:02:00-sun:02:30"])
def test_a_window_that_a_look_may_miss_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="of less than an hour; every VPC is looked at once an hour"):
        read_window(text)
