"""How plans are carried out: again and again, told step by step, until AWS is done or time is over."""

from __future__ import annotations

import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpce.cli.common import FAILED, FINE, TO_DO
from vpce.core.notice import line
from vpce.core.plan import Verdict
from vpce.reconcile import PATIENCE, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from vpce.core.plan import Outcome, Plan

BETWEEN_LOOKS = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was made of a plan, and of those that followed it."""

    plan: Plan
    """The last one."""
    outcomes: tuple[Outcome, ...] = ()

    def after(self, plan: Plan, latest: Iterable[Outcome]) -> Work:
        return Work(plan=plan, outcomes=(*(o for o in self.outcomes if o.verdict is Verdict.DONE), *latest))

    @property
    def has_failed(self) -> bool:
        return any(o.verdict is Verdict.FAILED for o in self.outcomes)

    @property
    def is_unfinished(self) -> bool:
        """Worth another look soon. What waits for something that failed waits in vain."""
        return any(o.verdict is Verdict.RETRY for o in self.outcomes) or (bool(self.plan.waits) and not self.has_failed)


def until_rest(
    around: Surroundings, plans: Sequence[Plan], again: Callable[[Sequence[Plan]], list[Plan]]
) -> list[Work]:
    """Carry plans out, and those that `again` makes anew of the unfinished ones, until AWS is done or time is over."""
    works = {plan.vpc.id: Work(plan=plan) for plan in plans}
    generation, end = str(uuid.uuid4()), time.monotonic() + PATIENCE.total_seconds()
    while plans:
        for plan in plans:
            latest = around.apply(plan, generation=generation, progress=_say)
            works[plan.vpc.id] = works[plan.vpc.id].after(plan, latest)
        plans = [p for p in plans if works[p.vpc.id].is_unfinished]
        if not plans or time.monotonic() > end:
            break
        print("waiting for AWS …", file=sys.stderr, flush=True)
        pause()
        plans = again(plans)
    return list(works.values())


def code_of(works: Iterable[Work]) -> int:
    """The exit code."""
    if any(w.has_failed for w in works):
        return FAILED
    return TO_DO if any(w.is_unfinished for w in works) else FINE


def outcomes_document(outcomes: Iterable[Outcome]) -> list[dict[str, str]]:
    return [{"step": type(o.action).__name__, "verdict": o.verdict.value, "message": o.message} for o in outcomes]


def _say(outcome: Outcome) -> None:
    said = line(outcome.action)
    print(f"{outcome.verdict}: {said.verb} {said.thing} {outcome.message}".rstrip(), file=sys.stderr, flush=True)


def pause() -> None:
    time.sleep(BETWEEN_LOOKS)
