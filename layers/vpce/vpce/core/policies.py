"""What does a profile's endpoint policy say, for one service in one place?

    policy of the profile   policy of an endpoint, where the service takes one
    ---------------------   -----------------------------------------------------------------------------------
    (none)                  AWS's own, full access, when it is made; what it is later is nobody's business of ours
    ``open``                full access
    ``organization``        our people to our things, and what AWS owns that they need
    ``<name>.json``         that file, the same for every endpoint

A policy on an endpoint gives nobody a right; it says who may use theirs through it.
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpce.core.lent import answered_to, eks_registry, partition_of, read_from
from vpce.core.policy import PolicyError, read_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpce.core.model import Place

OPEN, ORGANIZATION = "open", "organization"
MOST_CHARACTERS = 20_480
"""White space included. https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"""
FULL_ACCESS = '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
"""What AWS attaches itself. It is sent, not reset to: ModifyVpcEndpoint's ResetPolicy is for gateways.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html"""

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.json")
_UNSIGNED = frozenset({"oidc-eks"})
"""Services whose clients do not sign: there is nobody that a policy could know. Public keys of clusters, so far.
https://docs.aws.amazon.com/eks/latest/userguide/vpc-interface-endpoints.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy that people wrote, as it was found."""

    source: str
    """Where it lies, for people."""
    text: str = ""
    trouble: str = ""
    """Why it could not be read."""

    @classmethod
    def of(cls, source: str, body: bytes) -> PolicyFile:
        try:
            return cls(source=source, text=body.decode())
        except UnicodeDecodeError as error:
            return cls(source=source, trouble=f"is no UTF-8 text: {error}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPolicy:
    """What a profile says of the policies of its endpoints."""

    name: str
    """``open``, ``organization``, or a file's name."""
    organization: str = ""
    """``o-…``; empty: the account is all that is ours."""
    text: str = ""
    """The file's policy."""

    @property
    def is_file(self) -> bool:
        return is_file(self.name)

    def of(self, service: str, place: Place) -> str:
        """The policy, as JSON, of an endpoint for a service (short name)."""
        if self.is_file:
            return self.text
        if self.name == OPEN or service in _UNSIGNED:
            return FULL_ACCESS
        statements = list(_organization(_plain(service), place, self.organization))
        return _json({"Version": "2012-10-17", "Statement": statements})

    def remark(self, service: str, *, is_taken: bool) -> str:
        """What to say of it where a service's endpoint is made or kept; nothing of full access."""
        if self.name == OPEN:
            return ""
        if not is_taken:
            return f"its service takes no endpoint policy, so '{self.name}' does not hold there"
        if service in _UNSIGNED and not self.is_file:
            return f"its clients do not sign, so '{self.name}' leaves it open"
        return f"endpoint policy '{self.name}'"


def is_file(name: str) -> bool:
    return _FILE.fullmatch(name) is not None


def policy_in(file: PolicyFile, *, for_gateways: bool) -> str:
    """The policy of a file, without its white space, which counts.

    Args:
        file: as it was found.
        for_gateways: gateway endpoints are to have it too; they know principals by condition only.

    Raises:
        PolicyError: it is none, or none that an endpoint takes; the message names the file.

    """
    if file.trouble:
        raise PolicyError(f"{file.source} {file.trouble}")
    try:
        policy = read_policy(file.text.strip() or "{}")
    except PolicyError as error:
        raise PolicyError(f"{file.source} is no endpoint policy: {error}; mend it") from error
    text = _json(json.loads(file.text))
    if len(text) > MOST_CHARACTERS:
        raise PolicyError(f"{file.source} has {len(text)} characters; AWS takes {MOST_CHARACTERS}, so shorten it")
    if for_gateways and not all(s.principals == ("*",) and not s.principals_are_excluded for s in policy.statements):
        # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway
        raise PolicyError(
            f"{file.source} has a Principal other than '*', which gateway endpoints do not take; "
            "write '*' and a condition on aws:PrincipalArn"
        )
    return text


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _plain(service: str) -> str:
    """``ecr.api`` for ``ecr-fips.api``."""
    return service.replace("-fips", "")


# ---- organization -------------------------------------------------------------------------------------------------


def _organization(service: str, place: Place, organization: str) -> Iterator[Mapping[str, Any]]:
    """Statements for one service, after AWS's examples of a data perimeter.

    https://github.com/aws-samples/data-perimeter-policy-examples/tree/main/vpc_endpoint_policies
    """
    us, ours = (
        ({"aws:PrincipalOrgID": organization}, {"aws:ResourceOrgID": organization})
        if organization
        else ({"aws:PrincipalAccount": place.account}, {"aws:ResourceAccount": place.account})
    )
    yield _allow("OurPeopleToOurThings", StringEquals=us | ours)
    yield _allow("ServicesOfAws", Bool={"aws:PrincipalIsAWSService": "true"})
    arn, region = f"arn:{partition_of(place.region)}", place.region
    match service:
        case "s3":
            # Unsigned, or by URLs that an account of AWS's signed: nobody of ours asks.
            yield _allow("ReadWhatAwsLends", "s3:GetObject", [f"{arn}:s3:::{b}/*" for b in read_from(region)])
            yield _allow("AnswerCloudFormation", "s3:PutObject", [f"{arn}:s3:::{b}/*" for b in answered_to(region)])
        case "sts":
            # Who comes with a token has no account yet; the role must be ours.
            # https://github.com/aws-samples/data-perimeter-policy-examples/tree/main/resource_control_policies
            actions = ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "SetSourceIdentity", "TagSession"]
            yield _allow("TokensForOurRoles", [f"sts:{a}" for a in actions], StringEquals=ours)
        case "ecr.api" | "ecr.dkr":
            images = f"{arn}:ecr:{region}:{eks_registry(region)}:repository/*"
            actions = ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"]
            yield _allow("ImagesOfEks", [f"ecr:{a}" for a in actions], images, StringEquals=us)
        case "ssm":
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/data-perimeters.html
            actions = ["Describe*", "Get*", "List*", "CreateAssociation", "SendCommand", "StartAutomationExecution"]
            lent = [f"{region}::parameter/aws/*", f"{region}::document/*", "*::automation-definition/*"]
            yield _allow(
                "DocumentsOfAws",
                [f"ssm:{a}" for a in (*actions, "StartChangeRequestExecution", "StartSession")],
                [f"{arn}:ssm:{thing}" for thing in lent],
                StringEquals=us,
            )
        case "ec2":
            actions = ["CreateReplaceRootVolumeTask", "CreateTags", "DeleteTags", "GetManagedPrefixListEntries"]
            yield _allow(
                "ImagesAndPrefixListsOfAws",
                [f"ec2:{a}" for a in (*actions, "RunInstances")],
                [f"{arn}:ec2:*::image/*", f"{arn}:ec2:*:aws:prefix-list/*"],
                StringEquals=us,
            )
            # Nor does EC2 say whose a new endpoint is. (Nor a peering, which may be with anybody.)
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid
            yield _allow("MakeEndpoints", "ec2:CreateVpcEndpoint", StringEquals=us)
        case "ebs":
            # It never says whose a snapshot is (the page above).
            yield _allow("OurPeopleToSnapshots", StringEquals=us)
        case "bedrock" | "bedrock-runtime":
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html
            yield _allow("ModelsOfAws", "bedrock:*", f"{arn}:bedrock:*::foundation-model/*", StringEquals=us)
        case "cloudformation":
            transforms = f"{arn}:cloudformation:{region}:aws:transform/*"
            yield _allow("TransformsOfAws", "cloudformation:CreateChangeSet", transforms, StringEquals=us)
        case _:
            pass


def _allow(
    sid: str, action: str | list[str] = "*", resource: str | list[str] = "*", **condition: Mapping[str, str]
) -> dict[str, Any]:
    """A statement on everybody, as gateway endpoints need it; who is meant is a condition."""
    statement = {"Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})
