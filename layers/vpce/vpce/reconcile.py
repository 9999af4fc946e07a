"""Look, compare, act: brings the VPCs that events point at to what their tags ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vpce.aws.apply import Unseen, apply
from vpce.aws.catalog import read_catalog
from vpce.aws.network import survey
from vpce.aws.observe import observe
from vpce.core.dns import served_centrally
from vpce.core.events import Look
from vpce.core.model import Catalog, Dns
from vpce.core.network import EVERYTHING, NAMES, Network, Survey
from vpce.core.notice import Reconciled
from vpce.core.plan import CreateEndpoint, Outcome, Plan, make_plan
from vpce.core.profile import ProfileError, is_managed, wish_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_ec2 import EC2Client

    from vpce.aws.pace import Pace
    from vpce.core.model import Place, Vpc
    from vpce.core.network import Facet
    from vpce.core.profile import Profiles, Wish

NEW_FOR = timedelta(hours=1)
"""A CreateVpc event older than this (a message put back from the dead-letter queue) makes no VPC new: by now it may
carry traffic, and gateway routes drop open connections."""
PATIENCE = timedelta(minutes=10)
"""How long something that does not get on is looked at again; AWS may take minutes to make or delete an endpoint."""


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
    client_of: Callable[..., Any] | None = None
    """Makes clients, by service and region, for what surrounds the endpoints; None: nobody looks at that."""
    unseen: Unseen = field(default_factory=dict)
    """Endpoints made, or perhaps made, that no look has shown yet. Like the pace, kept as long as the process lives."""

    @cached_property
    def catalog(self) -> Catalog:
        """Read when the first plan needs it."""
        return self.catalog_of(self.ec2, self.place.region)

    def observe(
        self,
        vpcs: Sequence[str] | frozenset[str] | None = None,
        *,
        new: frozenset[str] = frozenset(),
        needs_dns: Callable[[Vpc], bool] | None = None,
    ) -> list[Vpc]:
        """The VPCs, with DNS attributes where a profile has interface endpoints, or where `needs_dns` says so."""
        found = observe(
            self.ec2,
            self.place,
            installation=self.installation,
            needs_dns=lambda vpc: (
                self.wants_interfaces(vpc, is_new=vpc.id in new) or (needs_dns is not None and needs_dns(vpc))
            ),
            pace=self.pace,
            vpcs=vpcs,
        )
        for vpc in found:
            for endpoint in vpc.ours:
                self.unseen.pop((vpc.id, endpoint.service, endpoint.kind), None)
        return found

    def wish(self, vpc: Vpc, *, is_new: bool = False) -> Wish:
        return wish_of(vpc, self.profiles, default=self.default_profile, is_new=is_new)

    def survey(
        self, vpcs: Sequence[Vpc], facets: frozenset[Facet] = EVERYTHING, *, names: Sequence[str] = ()
    ) -> Survey:
        """What surrounds the endpoints of these VPCs; what could not be read is named in it."""
        if self.client_of is None:
            return Survey(networks={vpc.id: Network() for vpc in vpcs})
        return survey(self.client_of, self.place, vpcs, self.catalog, facets, pace=self.pace, names=names)

    def plan(self, vpc: Vpc, wish: Wish, *, network: Network | None = None) -> Plan:
        """The plan; where it would take names, those that lead to an endpoint elsewhere are left there.

        Args:
            vpc: as it is.
            wish: what its tags ask for.
            network: what surrounds it, if that was read already.

        """
        if wish.profile is None:
            # Nothing is looked up in the catalog, so it need not be read.
            return make_plan(vpc, wish, Catalog(region=self.place.region, offers=()))
        plan = make_plan(vpc, wish, self.catalog)
        if not any(isinstance(a, CreateEndpoint) and a.private_dns for a in plan.actions):
            return plan
        around = network or self.survey([vpc], NAMES).networks[vpc.id]
        # Zones are asked only where both attributes are on, as this plan will have them.
        with_dns = replace(vpc, dns=Dns(support=True, hostnames=True))
        central = served_centrally(with_dns, around, self.catalog)
        return make_plan(vpc, wish, self.catalog, central=central) if central else plan

    def apply(
        self, plan: Plan, *, generation: str, progress: Callable[[Outcome], None] = lambda _: None
    ) -> tuple[Outcome, ...]:
        return apply(
            plan,
            self.ec2,
            installation=self.installation,
            pace=self.pace,
            generation=generation,
            unseen=self.unseen,
            progress=progress,
        )

    def wants_interfaces(self, vpc: Vpc, *, is_new: bool) -> bool:
        wish = self._wish_if_any(vpc, is_new=is_new)
        return wish is not None and wish.wants_interfaces

    def wants_something(self, vpc: Vpc, *, is_new: bool) -> bool:
        wish = self._wish_if_any(vpc, is_new=is_new)
        return wish is not None and wish.profile is not None

    def _wish_if_any(self, vpc: Vpc, *, is_new: bool) -> Wish | None:
        try:
            return self.wish(vpc, is_new=is_new)
        except ProfileError:
            return None  # told when the VPC's turn comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one round of looks at a place."""

    runs: tuple[Reconciled, ...] = ()
    again: tuple[Look, ...] = ()
    """Looks still to take: work that did not fit, or that AWS was not ready for."""
    errors: Mapping[str, Exception] = field(default_factory=dict)
    """VPC → what went wrong in our own code; the caller must not swallow them."""


def reconcile(around: Surroundings, looks: Sequence[Look], *, generation: str, now: datetime) -> Run:
    """Bring every VPC that the looks point at to what is asked for it; each is looked at once.

    Raises:
        ClientError, BotoCoreError, OutOfTimeError: the place could not be read; nothing was changed.

    """
    named = frozenset[str]().union(*(k.vpcs for k in looks))
    everywhere = any(not k.vpcs for k in looks)
    new = frozenset(v for k in looks if _is_fresh(k, now) for v in k.new)
    vpcs = around.observe(None if everywhere else named, new=new)
    if any(around.wants_something(vpc, is_new=vpc.id in new) for vpc in vpcs):
        _ = around.catalog  # read before anything is changed: without it the place is not read whole
    runs: list[Reconciled] = []
    again: list[Look] = []
    errors: dict[str, Exception] = {}
    for vpc in vpcs:
        if vpc.id not in named and not is_managed(vpc):
            continue
        try:
            run = _one(around, vpc, is_new=vpc.id in new, generation=generation)
        except Exception as error:  # noqa: BLE001  one VPC must not cost the others theirs; the caller raises it
            error.add_note(f"while reconciling {vpc.id} in {around.place}")
            errors[vpc.id] = error
            continue
        if run.is_unfinished:
            own = [k for k in looks if vpc.id in k.vpcs]
            since = "" if run.got_on else min((k.since for k in own if k.since), default=now.isoformat())
            if patience_is_over(since, now):
                run = replace(run, gave_up=True)
            else:
                again.append(_again(around.place, own, vpc, since, is_new=vpc.id in new))
        runs.append(replace(run, is_named=vpc.id in named))
    return Run(runs=tuple(runs), again=tuple(again), errors=errors)


def _one(around: Surroundings, vpc: Vpc, *, is_new: bool, generation: str) -> Reconciled:
    try:
        wish = around.wish(vpc, is_new=is_new)
    except ProfileError as error:
        return Reconciled(vpc=vpc.id, vpc_name=vpc.name, refusal=str(error))
    plan = around.plan(vpc, wish)
    outcomes = around.apply(plan, generation=generation) if plan.actions else ()
    return Reconciled(vpc=vpc.id, vpc_name=vpc.name, plan=plan, outcomes=outcomes)


def patience_is_over(since: str, now: datetime) -> bool:
    """Whether what has not got on since then is to be told instead of tried again."""
    when = _moment(since)
    return when is not None and now - when > PATIENCE


def _is_fresh(look: Look, now: datetime) -> bool:
    when = _moment(look.time)
    return when is not None and now - when < NEW_FOR  # an event without a time proves nothing


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or none that Python has in UTC
        return None


def _again(place: Place, looks: Sequence[Look], vpc: Vpc, since: str, *, is_new: bool) -> Look:
    return Look(
        place=place,
        vpcs=frozenset({vpc.id}),
        new=frozenset({vpc.id}) if is_new else frozenset(),
        time=min((k.time for k in looks if vpc.id in k.new), default=""),
        why="going on where the last look ended",
        since=since,
    )
