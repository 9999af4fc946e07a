"""Look, compare, act: brings the VPCs that events point at to what their tags ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from vpce.aws.apply import apply
from vpce.aws.catalog import read_catalog
from vpce.aws.observe import observe
from vpce.core.events import Look
from vpce.core.model import Catalog
from vpce.core.plan import Outcome, Plan, make_plan
from vpce.core.profile import ProfileError, is_managed, wish_of
from vpce.core.report import Reconciled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.pace import Pace
    from vpce.core.model import Place, Vpc
    from vpce.core.profile import Profiles, Wish

NEW_FOR = timedelta(hours=1)
"""A CreateVpc event older than this (a message put back from the dead-letter queue) makes no VPC new: by now it may
carry traffic, and gateway routes drop open connections."""
ATTEMPTS = 20
"""Looks at a VPC that does not get on, a settle delay apart; AWS may take minutes to make or delete an endpoint."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """One place, and what is needed to look at it and act there."""

    place: Place
    ec2: EC2Client
    installation: str
    profiles: Profiles
    pace: Pace
    default_profile: str = ""
    catalog_of: Callable[[EC2Client, str], Catalog] = read_catalog

    @cached_property
    def catalog(self) -> Catalog:
        """Read when the first plan needs it."""
        return self.catalog_of(self.ec2, self.place.region)

    def observe(
        self, vpcs: Sequence[str] | frozenset[str] | None = None, *, new: frozenset[str] = frozenset()
    ) -> list[Vpc]:
        return observe(
            self.ec2,
            self.place,
            installation=self.installation,
            needs_dns=lambda vpc: self._wants_interfaces(vpc, is_new=vpc.id in new),
            pace=self.pace,
            vpcs=vpcs,
        )

    def wish(self, vpc: Vpc, *, is_new: bool = False) -> Wish:
        return wish_of(vpc, self.profiles, default=self.default_profile, is_new=is_new)

    def plan(self, vpc: Vpc, wish: Wish) -> Plan:
        # Without a profile nothing is looked up in the catalog, so it need not be read.
        return make_plan(vpc, wish, self.catalog if wish.profile else Catalog(region=self.place.region, offers=()))

    def apply(
        self, plan: Plan, *, generation: str, progress: Callable[[Outcome], None] = lambda _: None
    ) -> tuple[Outcome, ...]:
        return apply(
            plan, self.ec2, installation=self.installation, pace=self.pace, generation=generation, progress=progress
        )

    def _wants_interfaces(self, vpc: Vpc, *, is_new: bool) -> bool:
        try:
            return self.wish(vpc, is_new=is_new).wants_interfaces
        except ProfileError:
            return False  # told when the VPC's turn comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one round of looks at a place."""

    runs: tuple[Reconciled, ...]
    again: tuple[Look, ...]
    """Looks still to take: work that did not fit, or that AWS was not ready for."""
    errors: tuple[Exception, ...] = ()
    """What went wrong in our own code, per VPC; the caller must not swallow them."""


def reconcile(around: Surroundings, looks: Sequence[Look], *, generation: str, now: datetime) -> Run:
    """Bring every VPC that the looks point at to what is asked for it; each is looked at once.

    Raises:
        ClientError, BotoCoreError: the place could not be read; nothing was changed.

    """
    named = frozenset[str]().union(*(k.vpcs for k in looks))
    everywhere = any(not k.vpcs for k in looks)
    new = frozenset(v for k in looks if _is_fresh(k, now) for v in k.new)
    runs: list[Reconciled] = []
    again: list[Look] = []
    errors: list[Exception] = []
    for vpc in around.observe(None if everywhere else named, new=new):
        if vpc.id not in named and not is_managed(vpc):
            continue
        attempt = max((k.attempt for k in looks if vpc.id in k.vpcs), default=1)
        try:
            run = _one(around, vpc, is_new=vpc.id in new, generation=generation)
        except Exception as error:  # noqa: BLE001  one VPC must not cost the others theirs; the caller raises it
            error.add_note(f"while reconciling {vpc.id} in {around.place}")
            errors.append(error)
            continue
        if run.refusal and (vpc.id not in named or attempt > 1):
            continue  # told when its own event came; the audit repeats it
        if run.is_unfinished:
            attempt = 1 if run.got_on else attempt + 1
            if attempt > ATTEMPTS:
                run = replace(run, gave_up=True)
            else:
                again.append(_again(around.place, looks, vpc, attempt, is_new=vpc.id in new))
        runs.append(run)
    return Run(runs=tuple(runs), again=tuple(again), errors=tuple(errors))


def _one(around: Surroundings, vpc: Vpc, *, is_new: bool, generation: str) -> Reconciled:
    try:
        wish = around.wish(vpc, is_new=is_new)
    except ProfileError as error:
        return Reconciled(vpc=vpc.id, vpc_name=vpc.name, refusal=str(error))
    plan = around.plan(vpc, wish)
    outcomes = around.apply(plan, generation=generation) if plan.actions else ()
    return Reconciled(vpc=vpc.id, vpc_name=vpc.name, plan=plan, outcomes=outcomes)


def _is_fresh(look: Look, now: datetime) -> bool:
    if not look.new:
        return False
    try:
        return now - datetime.fromisoformat(look.time).astimezone(UTC) < NEW_FOR
    except ValueError:
        return False  # an event without a time proves nothing


def _again(place: Place, looks: Sequence[Look], vpc: Vpc, attempt: int, *, is_new: bool) -> Look:
    times = sorted(k.time for k in looks if vpc.id in k.new)
    return Look(
        place=place,
        vpcs=frozenset({vpc.id}),
        new=frozenset({vpc.id}) if is_new else frozenset(),
        time=times[0] if times else "",
        why="going on where the last look ended",
        attempt=attempt,
    )
