"""What does EC2 answer when it is asked for a list? Offers of services, filters and pages.

Moto pages few listings, knows few filters, and its general filter takes milliseconds for every endpoint there is.
"""

from __future__ import annotations

import base64
import binascii
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

from moto.ec2.exceptions import EC2ClientError, InvalidNextToken, InvalidServiceName, InvalidVpcEndPointIdError

from embedded.strict_ec2_behaviour import is_seen, present

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Thing = TypeVar("Thing")


def types_of(offer: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(entry["ServiceType"] for entry in offer["ServiceType"])


# VPC guide, aws-ipv6-support.html: "private endpoints support IPv6: no", but for S3, whose own guide is newer (S3
# privatelink-interface-endpoints.html); DynamoDB is not on the page, and its gateways take IPv4 only (PL
# vpc-endpoints-ddb.html).
IPV4_ONLY = frozenset(
    {
        "acm",
        "appmesh",
        "appmesh-envoy-management",
        "appstream.api",
        "appstream.streaming",
        "autoscaling",
        "dynamodb",
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "elasticloadbalancing",
        "kendra",
        "networkmanager",
        "rds",
        "s3-outposts",
    }
)

# EC2 API reference, DescribeVpcEndpoints and DescribeVpcEndpointServices; tag:<key> and tag-key come on top.
ENDPOINT_FILTERS: Mapping[str, Callable[[Any], Collection[str]]] = {
    "ip-address-type": lambda endpoint: (endpoint.ip_address_type,),
    "service-name": lambda endpoint: (endpoint.service_name,),
    "service-region": lambda endpoint: (endpoint.service_region,),
    "vpc-endpoint-id": lambda endpoint: (endpoint.id,),
    "vpc-endpoint-state": lambda endpoint: (endpoint.state,),
    "vpc-endpoint-type": lambda endpoint: (endpoint.vpc_endpoint_type,),
    "vpc-id": lambda endpoint: (endpoint.vpc_id,),
}
SERVICE_FILTERS: Mapping[str, Callable[[Any], Collection[str]]] = {
    "owner": lambda offer: (offer["Owner"],),
    "service-name": lambda offer: (offer["ServiceName"],),
    "service-region": lambda offer: (offer["ServiceRegion"],),
    "service-type": types_of,
    "supported-ip-address-types": lambda offer: offer["SupportedIpAddressTypes"],
}


def endpoints(backend: Any, ids: Sequence[str], filters: Mapping[str, Sequence[str]]) -> list[Any]:
    """What this account may see by now: the endpoints in a shared VPC are its owner's (VPC guide, vpc-sharing.html)."""
    shown = {e.id: e for e in backend.vpc_end_points.values() if is_seen(e) and e.vpc_id not in present().shared}
    for endpoint_id in ids:
        if endpoint_id not in shown:
            raise InvalidVpcEndPointIdError(endpoint_id)
    asked = [shown[i] for i in dict.fromkeys(ids)] or list(shown.values())
    return _selected(asked, filters, ENDPOINT_FILTERS, lambda endpoint: backend.tags.get(endpoint.id, {}))


def services(backend: Any, names: Collection[str], filters: Mapping[str, Sequence[str]]) -> list[Mapping[str, Any]]:
    known = offers(backend)
    for name in sorted(set(names) - {offer["ServiceName"] for offer in known}):
        raise InvalidServiceName(name)
    asked = [offer for offer in known if not names or offer["ServiceName"] in names]
    return _selected(asked, filters, SERVICE_FILTERS, lambda o: {tag["Key"]: tag["Value"] for tag in o["Tags"]})


def offers(backend: Any, service_name: str | None = None) -> list[Mapping[str, Any]]:
    """The services of the Region as AWS describes them, in order; one offer has one name and one type."""
    found: list[Mapping[str, Any]] = [
        *backend._collect_default_endpoint_services(backend.account_id, backend.region_name),
        *(configuration.to_dict() for configuration in list(backend.configurations.values())),
    ]
    hidden = present().missing_services
    asked = [
        _as_described(offer, backend.region_name)
        for offer in [*found, *_left_out_by_moto(found, backend.region_name)]
        if service_name in {None, offer["ServiceName"]} and offer["ServiceName"] not in hidden
    ]
    return sorted(asked, key=lambda offer: (offer["ServiceName"], sorted(types_of(offer))))


def private_names(offer: Mapping[str, Any]) -> frozenset[str]:
    """The single name is the first of the list; AWS gives both members."""
    listed = {entry["PrivateDnsName"] for entry in offer.get("PrivateDnsNames") or []}
    return frozenset(name for name in {offer.get("PrivateDnsName"), *listed} if name)


def page_size(max_results: int | None, *, least: int = 1, most: int | None = None) -> int:
    """EC2 refuses what is outside the bounds of the listing; without bounds it gives the largest page it has."""
    if max_results is None:
        return present().page_size
    if most is not None and not least <= max_results <= most:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ( {max_results} ) for parameter maxResults is invalid. Expecting a value from {least} to {most}.",
        )
    return min(max(max_results, 1), present().page_size)


def page(things: Sequence[Thing], size: int, token: str | None) -> tuple[Sequence[Thing], str | None]:
    """One page and the token of the next; a token is opaque, so that nobody counts on its content."""
    start = _start_of(token)
    end = start + size
    following = base64.urlsafe_b64encode(f"from {end}".encode()).decode() if end < len(things) else None
    return things[start:end], following


def _start_of(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from "))
    except (binascii.Error, ValueError):
        raise InvalidNextToken(token) from None


def _selected(
    things: Iterable[Thing],
    filters: Mapping[str, Sequence[str]],
    known: Mapping[str, Callable[[Thing], Collection[str]]],
    tags_of: Callable[[Thing], Mapping[str, str]],
) -> list[Thing]:
    """All filters must match, each by any of its values; * and ? stand for letters (EC2 API reference, Filter)."""
    left = list(things)
    for name, wanted in sorted(filters.items()):
        values_of = _reader(name, known, tags_of)
        exact = frozenset(wanted)
        patterns = [value for value in wanted if "*" in value or "?" in value]
        left = [thing for thing in left if _matches(values_of(thing), exact, patterns)]
    return left


def _reader(
    name: str, known: Mapping[str, Callable[[Thing], Collection[str]]], tags_of: Callable[[Thing], Mapping[str, str]]
) -> Callable[[Thing], Collection[str]]:
    if name in known:
        return known[name]
    if name == "tag-key":
        return lambda thing: tags_of(thing).keys()
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda thing: [value for tag, value in tags_of(thing).items() if tag == key]
    raise EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _matches(values: Collection[str], exact: frozenset[str], patterns: Sequence[str]) -> bool:
    return any(value in exact or any(fnmatchcase(value, pattern) for pattern in patterns) for value in values)


def _as_described(offer: Mapping[str, Any], region: str) -> Mapping[str, Any]:
    only = present().zones.get(offer["ServiceName"])
    return {
        **offer,
        "AvailabilityZones": sorted(only) if only is not None else offer["AvailabilityZones"],
        "ServiceRegion": region,
        "SupportedIpAddressTypes": offer.get("SupportedIpAddressTypes") or _address_types(offer["ServiceName"]),
        "Tags": offer.get("Tags") or [],
    }


def _address_types(service_name: str) -> list[str]:
    return ["ipv4"] if service_name.rpartition("amazonaws.")[2].partition(".")[2] in IPV4_ONLY else ["ipv6", "ipv4"]


def _left_out_by_moto(found: Sequence[Mapping[str, Any]], region: str) -> list[Mapping[str, Any]]:
    """DynamoDB's interface offer, which has no private DNS (DynamoDB developer guide, AWS PrivateLink)."""
    name = f"com.amazonaws.{region}.dynamodb"
    same = [offer for offer in found if offer["ServiceName"] == name]
    if len(same) != 1:
        return []
    zones = next(offer["AvailabilityZones"] for offer in found if offer["AvailabilityZones"])
    return [
        {
            **same[0],
            "AvailabilityZones": zones,
            "BaseEndpointDnsNames": [f"dynamodb.{region}.vpce.amazonaws.com"],
            "ServiceId": f"{same[0]['ServiceId'][:-4]}face",
            "ServiceType": [{"ServiceType": "Interface"}],
        }
    ]
