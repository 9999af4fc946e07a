"""Look, compare, act: brings the VPCs that events point at to what their tags ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vpce.aws.apply import Unseen, apply
from vpce.aws.catalog import read_catalog
from vpce.aws.errors import AwsError, in_words, is_worth_retrying
from vpce.aws.network import survey
from vpce.aws.observe import interfaces_at, observe, pages, vpcs_with
from vpce.aws.pricelist import prices_of
from vpce.aws.quotas import NoValueError, read_quotas
from vpce.aws.traffic import UncountedError, traffic
from vpce.core.aside import RELEASED_FOR, in_question, step_aside
from vpce.core.caution import careful, guarded
from vpce.core.dns import forwarded_names, served_centrally, taken_names
from vpce.core.events import Look
from vpce.core.idle import DAYS
from vpce.core.model import MANAGED_BY_TAG, Catalog, Dns, Kind
from vpce.core.network import EVERYTHING, NAMES, Network, Survey
from vpce.core.notice import Reconciled
from vpce.core.plan import GRACE, CreateEndpoint, Known, Outcome, Plan, Stay, Wait, make_plan, takes_names
from vpce.core.profile import Mode, ProfileError, is_managed, wish_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_service_quotas import ServiceQuotasClient

    from vpce.aws.pace import Pace
    from vpce.core.aside import Interface
    from vpce.core.model import Place, Vpc
    from vpce.core.network import Facet, Quotas
    from vpce.core.plan import Step
    from vpce.core.prices import Prices
    from vpce.core.profile import Profiles, Wish
    from vpce.core.window import Window

NEW_FOR = timedelta(hours=1)
"""An event older than this is a message put back from the dead-letter queue. It makes no VPC new: by now that may carry
traffic, and gateway routes drop open connections. Nor does it have us step aside: whoever wanted to delete something
has done it, or given up; Terraform tries for twenty minutes.
https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/subnet.html.markdown"""
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
    grace: timedelta = GRACE
    mode: Mode = Mode.SYNC
    window: Window | None = None
    deletion_share: int = 30
    """Per cent of the installation's endpoints in the place that may go in one run."""
    looks_at_traffic: bool = False
    """Before what nobody asks for any more is deleted."""
    catalog_of: Callable[[EC2Client, str], Catalog] = read_catalog
    quotas_of: Callable[[ServiceQuotasClient, str], Quotas] = read_quotas
    prices_of: Callable[[str], Prices | None] = prices_of
    """Of a region; by default those in the package."""
    client_of: Callable[..., Any] | None = None
    """Makes clients, by service and region, for what surrounds the endpoints; None: nobody looks at that."""
    unseen: Unseen = field(default_factory=dict)
    """Endpoints made, or perhaps made, that no look has shown yet. Like the pace, kept as long as the process lives."""

    @cached_property
    def catalog(self) -> Catalog:
        """Read when the first plan needs it."""
        return self.catalog_of(self.ec2, self.place.region)

    @cached_property
    def prices(self) -> Prices | None:
        """List prices of the region, read when first needed; None where nobody knows them."""
        return self.prices_of(self.place.region)

    def observe(
        self,
        vpcs: Sequence[str] | frozenset[str] | None = None,
        *,
        now: datetime,
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
            now=now,
            vpcs=vpcs,
        )
        for vpc in found:
            for endpoint in vpc.ours:
                self.unseen.pop((vpc.id, endpoint.service, endpoint.kind), None)
        return found

    def wish(self, vpc: Vpc, *, is_new: bool = False) -> Wish:
        return wish_of(
            vpc, self.profiles, default=self.default_profile, is_new=is_new, mode=self.mode, window=self.window
        )

    def installed(self) -> int:
        """Endpoints that the installation has in the place."""
        tag = f"tag:{MANAGED_BY_TAG}"
        found = pages(self.ec2, "describe_vpc_endpoints", "VpcEndpoints", [self.installation], by=tag)
        return sum(e.get("State", "").lower() != "deleted" for e in found)

    def survey(
        self,
        vpcs: Sequence[Vpc],
        facets: frozenset[Facet] = EVERYTHING,
        *,
        names: Sequence[str] = (),
        now: datetime | None = None,
        days: int = DAYS,
    ) -> Survey:
        """What surrounds the endpoints of these VPCs; what could not be read is named in it.

        Args:
            vpcs: as they were observed.
            facets: the parts to look at.
            names: that matter, beside those of the region's services.
            now: until when traffic is counted; without it nobody looks at metrics.
            days: that it is counted in.

        """
        if self.client_of is None:
            return Survey(networks={vpc.id: Network() for vpc in vpcs})
        return survey(
            self.client_of, self.place, vpcs, self.catalog, facets, pace=self.pace, names=names, now=now, days=days
        )

    def step_aside(self, vpc: Vpc, asked: Mapping[str, str], now: datetime) -> tuple[Vpc, tuple[Step, ...]]:
        """The VPC with what we keep out of, where only ours is in the way; and how, or why not.

        Args:
            vpc: as it is.
            asked: what somebody tried to delete in it, as `in_question` has it.
            now: when it was read.

        """
        found: dict[str, tuple[Interface, ...]] = {}
        unread: list[Step] = []
        for thing, deleted in asked.items():
            try:
                found[thing] = interfaces_at(self.ec2, thing)
            except AwsError as error:
                why = f"whether others would have to go first could not be read: {in_words(error)}"
                is_passing = is_worth_retrying(error)
                unread.append(
                    Wait(subject=deleted, why=why) if is_passing else Stay(resource=deleted, why=why, is_trouble=True)
                )
        left, steps = step_aside(vpc, {t: asked[t] for t in found}, found, now + RELEASED_FOR)
        return left, (*unread, *steps)

    def plan(
        self,
        vpc: Vpc,
        wish: Wish,
        now: datetime,
        *,
        network: Network | None = None,
        quotas: Quotas | None = None,
        promised: int = 0,
        aside: tuple[Step, ...] = (),
    ) -> Plan:
        """All that the wish asks for, less what AWS would refuse, and names that lead to an endpoint elsewhere.

        Who has the names is read where they would be taken, quotas where something would be made.

        Args:
            vpc: as it is.
            wish: what its tags ask for.
            now: when it was read.
            network: what surrounds it, if that was read already, as far as it could be.
            quotas: likewise.
            promised: gateway endpoints that other plans are about to make.
            aside: how what is released in it came to be so.

        """
        known = Known(now=now, grace=self.grace, quotas=quotas, aside=aside)
        # Without a profile nothing is looked up in the catalog, so it need not be read.
        catalog = self.catalog if wish.profile else Catalog(region=self.place.region, offers=())
        plan = make_plan(vpc, wish, catalog, known)
        if any(takes_names(a) for a in plan.actions):
            around = network or self.survey([vpc], NAMES).networks[vpc.id]
            # Zones are asked only where both attributes are on, as this plan will have them.
            with_dns = replace(vpc, dns=Dns(support=True, hostnames=True))
            known = replace(
                known,
                central=served_centrally(with_dns, around, catalog),
                taken=taken_names(with_dns, around, catalog),
                forwarded=forwarded_names(around, catalog),
            )
        if network is None and (made := {a.offer.kind for a in plan.actions if isinstance(a, CreateEndpoint)}):
            known = replace(known, quotas=self._quotas(made, promised))
        if self.looks_at_traffic and (due := [e.id for e in plan.due if e.kind is Kind.INTERFACE]):
            known = replace(known, **self._traffic(vpc.id, due, now))
        return replace(make_plan(vpc, wish, catalog, known), prices=self.prices)

    def _quotas(self, made: Collection[Kind], promised: int) -> Quotas | None:
        """None where they cannot be read, as the audit tells; then EC2 says no when it is full."""
        if self.client_of is None:
            return None
        try:
            quotas = self.quotas_of(self.client_of("service-quotas", self.place.region), self.place.region)
            if Kind.GATEWAY not in made:
                return quotas
            found = pages(self.ec2, "describe_vpc_endpoints", "VpcEndpoints", [Kind.GATEWAY], by="vpc-endpoint-type")
            in_use = sum(e.get("State", "").lower() != "deleted" for e in found)
        except (*AwsError, NoValueError):
            return None
        return replace(quotas, gateway_endpoints=in_use + promised)

    def _traffic(self, vpc: str, endpoints: Sequence[str], now: datetime) -> Mapping[str, Any]:
        if self.client_of is None:
            raise ValueError("without clients nobody looks at traffic")
        try:
            cloudwatch = self.client_of("cloudwatch", self.place.region)
            return {"traffic": traffic(cloudwatch, vpc, endpoints, since=now - self.grace, until=now)}
        except AwsError as error:
            return {"uncounted": in_words(error)}
        except UncountedError as error:
            return {"uncounted": str(error)}

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
    fresh = [k for k in looks if _is_fresh(k, now)]
    new = frozenset(v for k in fresh for v in k.new)
    blocked = frozenset(thing for k in fresh for thing in k.blocked)
    named = frozenset[str]().union(*(k.vpcs for k in looks))
    meant = named | vpcs_with(around.ec2, blocked)
    everywhere = any(not k.vpcs and not k.blocked for k in looks)
    vpcs = around.observe(None if everywhere else meant, now=now, new=new)
    if any(around.wants_something(vpc, is_new=vpc.id in new) for vpc in vpcs):
        _ = around.catalog  # read before anything is changed: without it the place is not read whole
    runs: list[Reconciled] = []
    again: list[Look] = []
    errors: dict[str, Exception] = {}
    plans: list[Plan] = []
    promised = 0
    for vpc in vpcs:
        if vpc.id not in named and not is_managed(vpc):
            continue
        try:
            left, aside = around.step_aside(vpc, in_question(vpc, blocked), now)
            wish = around.wish(left, is_new=vpc.id in new)
            plan = careful(around.plan(left, wish, now, promised=promised, aside=aside), now)
            plans.append(plan)
            promised += sum(isinstance(a, CreateEndpoint) and a.offer.kind is Kind.GATEWAY for a in plan.actions)
        except ProfileError as error:
            runs.append(Reconciled(vpc=vpc.id, vpc_name=vpc.name, refusal=str(error), is_named=vpc.id in meant))
        except Exception as error:  # noqa: BLE001  one VPC must not cost the others theirs; the caller raises it
            errors[vpc.id] = _noted(error, around.place, vpc)
    as_read = {vpc.id: vpc for vpc in vpcs}
    seen = sum(len(vpc.ours) for vpc in vpcs)
    for plan in guarded(plans, (lambda: seen) if everywhere else around.installed, around.deletion_share):
        vpc = plan.vpc
        try:
            outcomes = around.apply(plan, generation=generation) if plan.actions else ()
        except Exception as error:  # noqa: BLE001
            errors[vpc.id] = _noted(error, around.place, vpc)
            continue
        run = Reconciled(vpc=vpc.id, vpc_name=vpc.name, plan=plan, outcomes=outcomes, is_named=vpc.id in meant)
        if run.is_unfinished:
            own = [k for k in looks if vpc.id in k.vpcs]
            since = "" if run.got_on else min((k.since for k in own if k.since), default=now.isoformat())
            if patience_is_over(since, now):
                run = replace(run, gave_up=True)
            else:
                again.append(_again(around.place, fresh, as_read[vpc.id], since, is_new=vpc.id in new))
        runs.append(run)
    return Run(runs=tuple(sorted(runs, key=lambda r: r.vpc)), again=tuple(again), errors=errors)


def _noted(error: Exception, place: Place, vpc: Vpc) -> Exception:
    error.add_note(f"while reconciling {vpc.id} in {place}")
    return error


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


def _again(place: Place, fresh: Sequence[Look], vpc: Vpc, since: str, *, is_new: bool) -> Look:
    asked = in_question(vpc, frozenset[str]().union(*(k.blocked for k in fresh)))
    blocked = frozenset(asked.values())
    return Look(
        place=place,
        vpcs=frozenset({vpc.id}),
        blocked=blocked,
        new=frozenset({vpc.id}) if is_new else frozenset(),
        time=min((k.time for k in fresh if vpc.id in k.new or blocked & k.blocked), default=""),
        why="going on where the last look ended",
        since=since,
    )
