"""One kind of fault: how it happens, what comes of it, and its row in docs/reliability.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.end_to_end.site import Site

TINY = frozenset({"s3", "sts"})
DEFAULT = frozenset({"s3", "dynamodb"})
NOTHING = frozenset[str]()

AGAIN = "tried again; the desired state is reached"
SEEN = "seen by another look; made once"
HEALED = "people told; the next audit heals it"
UNREAD = "told as unread, never as clean"
LATER = "time, until the next audit"

Happens = TypeVar("Happens", bound="Callable[[Site], Mapping[str, frozenset[str]]]")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What must hold after every case, whatever its fault was, is in test_faults.py."""

    name: str
    times: str
    """How often it is injected."""
    outcome: str
    lost: str
    untold: frozenset[str]
    """The changes that people are not told of."""
    happens: Callable[[Site], Mapping[str, frozenset[str]]]
    """Gives the endpoints that vpce must have brought about, by VPC."""

    @property
    def row(self) -> str:
        return f"| {self.name} | {self.times} | {self.outcome} | {self.lost} |"


class Cases(list[Case]):
    def add(
        self, name: str, *, times: int | str, outcome: str, lost: str = "nothing", untold: frozenset[str] = NOTHING
    ) -> Callable[[Happens], Happens]:
        def register(happens: Happens) -> Happens:
            self.append(Case(name=name, times=str(times), outcome=outcome, lost=lost, untold=untold, happens=happens))
            return happens

        return register
