"""What to paste? Commands that a person can run as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vpce.core.model import PROFILE_TAG

if TYPE_CHECKING:
    from vpce.core.model import Place, Vpc


def aws(place: Place, *words: str) -> str:
    """An AWS CLI command in the region of a place."""
    command, *rest = words
    return " ".join(["aws", command, "--region", place.region, *rest])


def more_of(place: Place, code: str, quota: int) -> str:
    """Ask AWS to double a quota."""
    asked = f"--service-code vpc --quota-code {code} --desired-value {2 * quota}"
    return aws(place, "service-quotas request-service-quota-increase", asked)


def take_off(zone: str, vpc: Vpc) -> str:
    """A private hosted zone from its VPC, unless it has no other. Route 53 is global.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_DisassociateVPCFromHostedZone.html
    """
    return (
        f"aws route53 disassociate-vpc-from-hosted-zone --hosted-zone-id {zone} "
        f"--vpc VPCRegion={vpc.place.region},VPCId={vpc.id}"
    )


def tag_it(vpc: Vpc, value: str, key: str = PROFILE_TAG) -> str:
    """The tag that makes vpce do something in a VPC."""
    return aws(vpc.place, "ec2 create-tags", "--resources", vpc.id, "--tags", f"Key={key},Value={value}")
