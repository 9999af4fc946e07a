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


def tag_it(vpc: Vpc, value: str, key: str = PROFILE_TAG) -> str:
    """The tag that makes vpce do something in a VPC."""
    return aws(vpc.place, "ec2 create-tags", "--resources", vpc.id, "--tags", f"Key={key},Value={value}")
