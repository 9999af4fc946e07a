"""When may traffic be disturbed? Change windows, written as RDS writes its maintenance windows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = r"(?:(mon|tue|wed|thu|fri|sat|sun):)?([01][0-9]|2[0-3]):([0-5][0-9])"
_SPAN = re.compile(rf"{_MOMENT}-{_MOMENT}")
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
ALWAYS = "always"
SHORTEST = timedelta(hours=1)
"""Every VPC is looked at once an hour, so a shorter window might pass unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From a moment of every day or week, UTC."""

    start: timedelta
    """Since midnight, or since Monday's."""
    length: timedelta
    period: timedelta
    """A day or a week."""

    def opened(self, now: datetime) -> datetime:
        """When it opened last."""
        monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
        return now - (now - monday - self.start) % self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The hours in which steps may be taken that can disturb traffic."""

    text: str
    spans: tuple[Span, ...]

    def is_open(self, now: datetime) -> bool:
        now = now.astimezone(UTC)
        return any(now < s.opened(now) + s.length for s in self.spans)

    def opens(self, now: datetime) -> datetime:
        """When it opens next; of an open window, the time after this one."""
        now = now.astimezone(UTC)
        return min(s.opened(now) + s.period for s in self.spans)


def read_window(text: str) -> Window | None:
    """A window from ``sun:02:00-sun:05:00`` (weekly) or ``22:00-04:00`` (daily), several joined by ``+``; UTC.

    None for ``always``, and where there is no text.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html

    Raises:
        ValueError: it is none; the message says how it is written.

    """
    text = text.strip().lower()
    if text in {"", ALWAYS}:
        return None
    return Window(text=text, spans=tuple(_span(part.strip()) for part in text.split("+")))


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None or (found[1] is None) != (found[4] is None):
        raise ValueError("is no change window; write it as 'sun:02:00-sun:05:00' or '22:00-04:00', in UTC")
    period = _DAY if found[1] is None else _WEEK
    start, end = _since(found[1], found[2], found[3]), _since(found[4], found[5], found[6])
    length = (end - start) % period
    if length < SHORTEST:
        raise ValueError(f"has a window ({text}) of less than an hour; every VPC is looked at once an hour")
    return Span(start=start, length=length, period=period)


def _since(day: str | None, hour: str, minute: str) -> timedelta:
    return timedelta(days=_DAYS.index(day) if day else 0, hours=int(hour), minutes=int(minute))
