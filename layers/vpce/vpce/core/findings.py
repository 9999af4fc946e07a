"""What was found, and what became of it: findings with a life, and what could not be looked at.

    before    found now   looked at   state
    ------    ---------   ---------   ---------------------------------------------------
    no        yes         yes         new
    yes       yes         yes         open, since when it was first seen
    yes       no          yes         resolved: told once, then forgotten
    yes       no          no          open: what was not looked at is never resolved
    yes       no          not asked   forgotten: its place is no longer one of the audit's; told once, never as resolved
    any       yes         yes         ignored, while a tag or the file of ignores says so
    ignored   yes         yes         new again, once nobody ignores it any more
    ignored   no          yes         forgotten, without a word

`vpce.core.compare` does what the table says. An ignore is a decision of people, with a reason and an end; one that is
over or means nothing is a finding itself (`vpce.core.ignores`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vpce.core.model import Place


class Severity(IntEnum):
    INFO = 0
    """Worth knowing; never a reason to send a message."""
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class State(StrEnum):
    NEW = "new"
    OPEN = "open"
    IGNORED = "ignored"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    check: str
    severity: Severity
    title: str
    why: str
    place: Place
    vpc: str
    """Empty for what concerns a whole place, or the installation."""
    vpc_name: str
    resource: str
    what: str
    fix: str
    state: State = State.NEW
    since: str = ""
    """ISO 8601: the audit that first saw it. Empty until reports are compared."""
    ignored: str = ""
    """Who says so and why, for an ignored one."""
    monthly: str = ""
    """US dollars a month that what it is about costs by the hour, as ``16.06``; empty where that is not the matter, or
    where no list price is known."""
    price_date: str = ""
    """Of the list price, ISO 8601."""

    @property
    def cost(self) -> str:
        """In words; empty without an amount."""
        if not self.monthly:
            return ""
        return f"${self.monthly} a month by the hour; list prices of {self.place.region}, {self.price_date}"

    @property
    def id(self) -> str:
        """The same problem has the same id on every run."""
        parts = (self.check, self.place.account, self.place.region, self.vpc, self.resource)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def order_of(finding: Finding) -> tuple[int, Place, str, str, str]:
    """Worst first, then by place and VPC."""
    return -finding.severity, finding.place, finding.vpc, finding.check, finding.resource


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unread:
    """What could not be looked at: a result of its own, never taken for clean."""

    place: Place
    why: str
    facet: str = ""
    """What could not be read (``private hosted zones``); empty for the whole place."""
    vpcs: tuple[str, ...] = ()
    """Where; empty for every VPC of the place."""
    checks: tuple[str, ...] = ()
    """Ids of the checks that were not done for it; empty for all."""

    def hides(self, finding: Finding) -> bool:
        """Whether the finding, had it been there, would not have been seen."""
        return (
            self.place == finding.place
            # What concerns a whole place may be hidden wherever in it something is.
            and (not self.vpcs or not finding.vpc or finding.vpc in self.vpcs)
            and (not self.checks or finding.check in self.checks)
        )
