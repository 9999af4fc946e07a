"""Does each endpoint serve, once, where it is needed, at no more cost than need be?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vpce.core.checks.check import Problem, Subject, check
from vpce.core.commands import aws
from vpce.core.findings import Severity
from vpce.core.idle import EXPECTED, Use, is_expected, misspelt
from vpce.core.model import IDLE_TAG, Kind, moment
from vpce.core.network import Facet
from vpce.core.plan import DeleteEndpoint, Leaving, MarkEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpce.core.model import Endpoint

TOO_LONG = timedelta(hours=1)
"""AWS speaks of minutes: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html"""


@check(
    severity=Severity.HIGH, why="The endpoint does not serve; where it has private DNS, its service is out of reach."
)
def unavailable_endpoint(subject: Subject) -> Iterator[Problem]:
    """An endpoint is there but cannot be used."""
    for endpoint in subject.vpc.endpoints:
        if endpoint.is_broken or endpoint.state in {"pendingacceptance", "partial"}:
            reason = f": {endpoint.failure}" if endpoint.failure else ""
            yield Problem(
                resource=f"{endpoint.id} state",
                what=f"{subject.short(endpoint)} {endpoint.id} is {endpoint.state}{reason}",
                fix=_see(subject, endpoint) + "   # then accept it, or delete it so that it is made anew",
                breaks=(endpoint.id,),
                monthly=subject.month(endpoint),
            )


@check(
    severity=Severity.HIGH, why="AWS needs minutes for an endpoint; one that takes an hour is stuck, and never serves."
)
def pending_too_long(subject: Subject) -> Iterator[Problem]:
    """An endpoint has been pending for more than an hour."""
    for endpoint in _stuck(subject):
        yield Problem(
            resource=f"{endpoint.id} pending",
            what=f"{subject.short(endpoint)} {endpoint.id} has been {endpoint.state} since {endpoint.created}",
            fix=_see(subject, endpoint) + "   # then delete it so that it is made anew, or ask AWS Support",
            breaks=(endpoint.id,),
        )


def _stuck(subject: Subject) -> list[Endpoint]:
    now = moment(subject.now)
    return [
        e
        for e in subject.vpc.endpoints
        if e.state == "pending" and now and (made := moment(e.created)) and now - made > TOO_LONG
    ]


@check(severity=Severity.LOW, why="Until AWS is done with it, the service may be out of reach; the next audit tells.")
def unsettled_endpoint(subject: Subject) -> Iterator[Problem]:
    """AWS was still at work on something the profile asks for."""
    if subject.plan is None or not subject.follows_a_profile:
        return
    stuck = {e.id for e in _stuck(subject)}
    for wait in subject.plan.waits:
        if wait.subject not in stuck:
            fix = f"Nothing, if it passes. See: vpce explain {subject.vpc.id} --region {subject.vpc.place.region}"
            yield Problem(resource=f"{wait.subject} at work", what=f"{wait.subject}: {wait.why}", fix=fix)


@check(severity=Severity.LOW, why="Each one costs money by the hour in every zone, and names lead to one of them only.")
def duplicate_endpoint(subject: Subject) -> Iterator[Problem]:
    """A VPC has several interface endpoints for one service."""
    surplus = {s.endpoint.id for s in subject.unwanted}
    by_service: dict[str, list[Endpoint]] = {}
    for endpoint in subject.interfaces:
        if endpoint.id not in surplus:  # unwanted_endpoint tells of it
            by_service.setdefault(endpoint.service, []).append(endpoint)
    for endpoints in by_service.values():
        if len(endpoints) > 1:
            first, *others = sorted(endpoints, key=lambda e: (not e.private_dns, e.id))
            ids = ", ".join(e.id for e in others)
            yield Problem(
                resource=f"{subject.short(first)} twice",
                what=f"{subject.short(first)} has {first.id}, and beside it {ids}",
                fix="If nobody uses their own names: "
                + aws(subject.vpc.place, "ec2 delete-vpc-endpoints", "--vpc-endpoint-ids", *(e.id for e in others)),
                monthly=subject.month(*others),
            )


@check(
    severity=Severity.MEDIUM,
    why="S3's names lead to the interface endpoint, which costs money per GB; the gateway endpoint would carry it all "
    "for nothing.",
)
def paid_s3_endpoint(subject: Subject) -> Iterator[Problem]:
    """S3's interface endpoint takes traffic that the free gateway endpoint could carry."""
    gateways = {e.service for e in subject.serving if e.kind is Kind.GATEWAY}
    for endpoint in subject.interfaces:
        if endpoint.service in gateways and endpoint.private_dns and not endpoint.inbound_resolver_only:
            yield Problem(
                resource=f"{endpoint.id} paid",
                what=f"{subject.short(endpoint)} {endpoint.id} has the names in the VPC, beside a gateway endpoint",
                fix="Keep its names for networks beyond the VPC: "
                + aws(
                    subject.vpc.place,
                    "ec2 modify-vpc-endpoint",
                    f"--vpc-endpoint-id {endpoint.id} --private-dns-enabled "
                    "--dns-options PrivateDnsOnlyForInboundResolverEndpoint=true",
                ),
                monthly=subject.month(endpoint),
            )


@check(
    severity=Severity.LOW,
    why="Packets from there cross zones, which costs money per GB, and go nowhere while the other zones are down.",
    needs=(Facet.INTERFACES,),
)
def zone_without_interface(subject: Subject) -> Iterator[Problem]:
    """Workloads are in a zone where an interface endpoint has no network interface."""
    vpc = subject.vpc
    zones = {
        vpc.subnet_by_id[s].zone for s, count in subject.network.workloads.items() if count and s in vpc.subnet_by_id
    }
    for endpoint in subject.interfaces:
        if endpoint.is_ours and subject.follows_a_profile:
            continue  # endpoint-zones decides, and the plan mends
        offer = subject.catalog.find(endpoint.service, Kind.INTERFACE)
        served = zones & offer.zones if offer and offer.zones else zones
        missing = sorted(served - {vpc.subnet_by_id[s].zone for s in endpoint.subnets if s in vpc.subnet_by_id})
        if missing:
            yield Problem(
                resource=f"{endpoint.id} zones",
                what=f"{subject.short(endpoint)} {endpoint.id} has no interface in {', '.join(missing)}",
                fix=aws(
                    vpc.place,
                    "ec2 modify-vpc-endpoint",
                    f"--vpc-endpoint-id {endpoint.id} --add-subnet-ids <a subnet of {missing[0]}>",
                ),
            )


@check(
    severity=Severity.LOW,
    why="It costs money by the hour in every zone, used or not. Either nobody needs it, or what should use it goes "
    "another way.",
    needs=(Facet.METRICS,),
)
def idle_endpoint(subject: Subject) -> Iterator[Problem]:
    """Nobody uses an interface endpoint."""
    steps = subject.plan.steps if subject.plan else ()
    going = {s.endpoint.id for s in steps if isinstance(s, MarkEndpoint | Leaving | DeleteEndpoint)}
    for endpoint in subject.interfaces:
        activity = subject.network.activity.get(endpoint.id)
        stays = endpoint.state == "available" and endpoint.id not in going
        if activity and activity.use is Use.IDLE and stays and not is_expected(endpoint, subject.vpc):
            remarks = [activity.why, *([] if endpoint.private_dns else ["its private DNS is off"])]
            if wrong := misspelt(endpoint, subject.vpc):
                remarks.append(wrong)
            yield Problem(
                resource=f"{endpoint.id} idle",
                what=f"{subject.short(endpoint)} {endpoint.id}: {'; '.join(remarks)}",
                fix="\n".join(_rid_of(subject, endpoint)),
                monthly=subject.month(endpoint),
            )


def _rid_of(subject: Subject, endpoint: Endpoint) -> Iterator[str]:
    place, short = subject.vpc.place, subject.short(endpoint)
    profile = subject.plan.wish.profile if subject.plan and subject.follows_a_profile else None
    if endpoint.is_ours and profile:
        yield f"Take {short} out of the profile {profile.name}, or tag the VPC with one that does not have it."
    elif endpoint.is_ours:
        yield f"vpce disown {endpoint.id} --region {place.region}   # then delete it"
    else:
        yield aws(place, "ec2 delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint.id)
    spare = f"Key={IDLE_TAG},Value={EXPECTED}"
    yield "If it is a spare: " + aws(place, "ec2 create-tags", "--resources", endpoint.id, "--tags", spare)


def _see(subject: Subject, endpoint: Endpoint) -> str:
    return aws(subject.vpc.place, "ec2 describe-vpc-endpoints", "--vpc-endpoint-ids", endpoint.id)
