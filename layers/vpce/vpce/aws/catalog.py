"""What endpoint services does a region offer? Asked, never guessed: AWS's names follow no single pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.model import Catalog, Kind, Offer

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import ServiceDetailTypeDef

PAGE = 1000


def read_catalog(ec2: EC2Client, region: str) -> Catalog:
    """All gateway and interface services of the region, with the zones, names and options AWS gives.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html
    """
    pages = ec2.get_paginator("describe_vpc_endpoint_services").paginate(PaginationConfig={"PageSize": PAGE})
    offers = [offer for page in pages for detail in page["ServiceDetails"] for offer in _offers(detail)]
    return Catalog(region=region, offers=tuple(sorted(offers, key=lambda o: (o.service, o.kind))))


def _offers(detail: ServiceDetailTypeDef) -> list[Offer]:
    names = {n["PrivateDnsName"] for n in detail.get("PrivateDnsNames", []) if "PrivateDnsName" in n}
    if detail.get("PrivateDnsName"):
        names.add(detail["PrivateDnsName"])
    kinds = {t.get("ServiceType", "") for t in detail.get("ServiceType", [])}
    return [
        Offer(
            service=detail["ServiceName"],
            kind=kind,
            zones=frozenset(detail.get("AvailabilityZones", [])),
            private_dns_names=tuple(sorted(names)) if kind is Kind.INTERFACE else (),
            takes_policy=detail.get("VpcEndpointPolicySupported", False),
            address_types=frozenset(t.lower() for t in detail.get("SupportedIpAddressTypes", [])),
        )
        for kind in Kind
        if kind.value in kinds
    ]
