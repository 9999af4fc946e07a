"""What a check is: one decorated function that looks at one VPC and yields problems.

Its id is its name, its title the first line of its docstring. `run_checks` adds the place, the VPC and the severity,
and leaves out, by name, the checks that need a part of the network which could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vpce.core.cost import endpoint_month, number, paid_zones
from vpce.core.findings import Finding, Severity, order_of
from vpce.core.model import Kind, short_name
from vpce.core.network import Facet, Network
from vpce.core.plan import CreateEndpoint, DeleteEndpoint, Leaving, MarkEndpoint
from vpce.core.profile import Profile, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from vpce.core.model import Catalog, Endpoint, Place, Vpc
    from vpce.core.network import Quotas
    from vpce.core.plan import Plan
    from vpce.core.prices import Prices

FREE = Wish(
    profile=Profile(name="gateway", gateway=("dynamodb", "s3")),
    why="gateway endpoints are free, so every VPC is better off with them",
)
"""What a VPC that asks for nothing is measured against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A VPC under audit."""

    vpc: Vpc
    catalog: Catalog
    plan: Plan | None
    """Towards its profile, or towards `FREE` where it asks for none. None: its tags cannot be used, see `refusal`."""
    refusal: str = ""
    """Why there is no plan, in words for people."""
    network: Network = field(default_factory=Network)
    quotas: Quotas | None = None
    """None where they could not be read; then the network's `unread` says so."""
    now: str = ""
    """ISO 8601: when EC2 was read."""
    prices: Prices | None = None
    """Of the region; None where nobody knows them."""

    @property
    def follows_a_profile(self) -> bool:
        """Tags, or the default profile, ask for something: endpoints, or their removal."""
        if self.plan is None or self.plan.wish is FREE:
            return False
        return self.plan.wish.asks_for_something

    @property
    def unwanted(self) -> tuple[MarkEndpoint | Leaving | DeleteEndpoint, ...]:
        """Ours that goes because nobody asks for it any more; without what ``none`` takes away."""
        if self.plan is None or not self.follows_a_profile or self.plan.wish.remove:
            return ()
        return tuple(s for s in self.plan.steps if isinstance(s, MarkEndpoint | Leaving | DeleteEndpoint))

    def month(self, *endpoints: Endpoint) -> Decimal | None:
        """What interface endpoints cost by the hour."""
        return endpoint_month(self.prices, paid_zones(endpoints)) if self.prices else None

    def short(self, endpoint: Endpoint) -> str:
        return short_name(endpoint.service, self.vpc.place.region)

    @property
    def serving(self) -> tuple[Endpoint, ...]:
        """Endpoints that are there to stay, whoever made them."""
        return tuple(e for e in self.vpc.endpoints if not e.is_leaving and not e.is_broken)

    @property
    def interfaces(self) -> tuple[Endpoint, ...]:
        """Interface endpoints that serve, but for those that an AWS service keeps for itself (GuardDuty)."""
        return tuple(e for e in self.serving if e.kind is Kind.INTERFACE and not e.requester_managed)

    @property
    def services(self) -> frozenset[str]:
        """Short names of the interface services that are there or asked for."""
        there = {self.short(e) for e in self.interfaces}
        actions = self.plan.actions if self.plan else ()
        wanted = {a.service for a in actions if isinstance(a, CreateEndpoint) and a.offer.kind is Kind.INTERFACE}
        asked = self.plan.wish.profile.interface if self.plan and self.plan.wish.profile else ()
        return frozenset({*there, *wanted, *asked})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a check found: the resource, what is the matter, and a fix to paste."""

    resource: str
    what: str
    fix: str
    breaks: tuple[str, ...] = ()
    """Ids of endpoints that do not serve because of it."""
    monthly: Decimal | None = None
    """US dollars a month that the thing costs by the hour, where that is the matter and known."""


Rule = Callable[[Subject], Iterator[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    id: str
    title: str
    severity: Severity
    why: str
    needs: frozenset[Facet]
    rule: Rule


CHECKS: dict[str, Check] = {}


def check(*, severity: Severity, why: str, needs: tuple[Facet, ...] = ()) -> Callable[[Rule], Rule]:
    """Register a check.

    Args:
        severity: how much it matters.
        why: what the problem costs whoever lives in the VPC.
        needs: parts of the network without which the check says nothing.

    """

    def register(rule: Rule) -> Rule:
        check_id = rule.__name__.replace("_", "-")
        if check_id in CHECKS:
            raise ValueError(f"two checks are called {check_id}")
        title = (rule.__doc__ or "").strip().splitlines()[0]
        CHECKS[check_id] = Check(
            id=check_id, title=title, severity=severity, why=why, needs=frozenset(needs), rule=rule
        )
        return rule

    return register


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of all checks of one VPC."""

    findings: tuple[Finding, ...]
    skipped: Mapping[Facet, tuple[str, ...]]
    """Part that could not be read → ids of the checks that were not done."""
    broken: frozenset[str]
    """Ids of endpoints that do not serve."""


def run_checks(subject: Subject) -> Checked:
    """All findings of a VPC, worst first. A check that raises fails the audit: a broken alarm must not be silent."""
    unread = frozenset(subject.network.unread)
    done = [c for c in CHECKS.values() if not c.needs & unread]
    found = [(c, problem) for c in done for problem in c.rule(subject)]
    vpc = subject.vpc
    findings = [
        finding_of(c, p, vpc.place, vpc=vpc.id, vpc_name=vpc.tags.get("Name", ""), prices=subject.prices)
        for c, p in found
    ]
    return Checked(
        findings=tuple(sorted(findings, key=order_of)),
        skipped={f: tuple(sorted(c.id for c in CHECKS.values() if f in c.needs)) for f in sorted(unread)},
        broken=frozenset(e for _, p in found for e in p.breaks),
    )


def finding_of(
    check_: Check,
    problem: Problem,
    place: Place,
    *,
    vpc: str = "",
    vpc_name: str = "",
    prices: Prices | None = None,
) -> Finding:
    return Finding(
        check=check_.id,
        severity=check_.severity,
        title=check_.title,
        why=check_.why,
        place=place,
        vpc=vpc,
        vpc_name=vpc_name,
        resource=problem.resource,
        what=problem.what,
        fix="\n".join([problem.fix, *by_hand(place, f"{problem.fix} {problem.resource} {vpc}")]),
        monthly=number(problem.monthly) if problem.monthly and prices else "",
        price_date=prices.date if problem.monthly and prices else "",
    )


# ---- by hand, in the console --------------------------------------------------------------------------------------


_CONSOLE = (
    # What an id begins with → the way there by clicking, and the fragment of the page that shows it.
    ("vpce-", "VPC > Endpoints", "vpcconsole", "EndpointDetails:vpcEndpointId={id}"),
    ("sg-", "VPC > Security groups", "vpcconsole", "SecurityGroup:groupId={id}"),
    ("acl-", "VPC > Network ACLs", "vpcconsole", "NetworkAclDetails:networkAclId={id}"),
    ("rtb-", "VPC > Route tables", "vpcconsole", "RouteTableDetails:RouteTableId={id}"),
    ("subnet-", "VPC > Subnets", "vpcconsole", "SubnetDetails:subnetId={id}"),
    ("rslvr-frg-", "VPC > DNS firewall > Rule groups", "vpcconsole", "DNSFirewallRuleGroupDetails:id={id}"),
    ("rslvr-rr-", "Route 53 > Resolver > Rules", "route53resolver", "/rule/{id}"),
    ("vpc-", "VPC > Your VPCs", "vpcconsole", "VpcDetails:VpcId={id}"),
)
_ID = re.compile(r"(?<![\w-])(vpce|sg|acl|rtb|subnet|rslvr-frg|rslvr-rr|vpc)-[0-9a-f]{8,17}(?![\w-])")


def by_hand(place: Place, text: str) -> Iterator[str]:
    """The console's page of the first thing that a text names, for those who would rather click."""
    if found := _ID.search(text):
        _, path, app, fragment = next(row for row in _CONSOLE if row[0] == f"{found[1]}-")
        page = fragment.format(id=found[0])
        yield f"Console: {path} > {found[0]}: {console(place.region)}/{app}/home?region={place.region}#{page}"


def console(region: str) -> str:
    """Address of the console; each of AWS's partitions has its own.

    https://docs.aws.amazon.com/general/latest/gr/rande.html
    """
    domain = {"us-gov-": "amazonaws-us-gov.com", "cn-": "amazonaws.cn"}
    site = next((d for prefix, d in domain.items() if region.startswith(prefix)), "aws.amazon.com")
    return f"https://{region}.console.{site}"
