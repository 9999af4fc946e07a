"""What an AWS error means to us: try again, or tell a person. There is no third kind.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from vpce.core.plan import Verdict

AwsError = (ClientError, BotoCoreError)

THROTTLED = frozenset(
    {"RequestLimitExceeded", "RequestThrottled", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthFailure", "OptInRequired", "UnauthorizedOperation"},
)
_PASSING = frozenset(
    {
        "IncorrectState",
        "InternalError",
        "InternalFailure",
        "RequestTimeout",
        "ServerInternal",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    }
)
_STALE = frozenset(
    {
        # What we had read is no longer so, or not yet visible; another look tells.
        "DependencyViolation",
        "IdempotentParameterMismatch",
        "InvalidGroup.Duplicate",
        "InvalidPermission.Duplicate",
        "RouteAlreadyExists",
    }
)
_STALE_MESSAGES = (
    # EC2 says InvalidParameter for many things. These may be about our own endpoint, unseen or being deleted …
    # https://github.com/hashicorp/terraform-provider-aws/issues/17535
    "conflicting DNS domain",
    "already has a route with destination-prefix-list-id",
    # … or about our own call of a moment ago, not yet seen everywhere.
    # https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    "requires both enableDnsSupport and enableDnsHostnames",
    "must have a Gateway endpoint for the service",
)
_ADVICE = {
    "InsufficientFreeAddressesInSubnet": "free some addresses there, or lower endpoint-zones",
    "UnauthorizedOperation": "allow it to vpce's role, and look for a service control policy that denies it",
    "AccessDenied": "allow it to vpce's role",
    "AccessDeniedException": "allow it to vpce's role",
    "InvalidAccessException": "enable Security Hub in the region, or set the parameter SecurityHub to off",
    "VpcEndpointLimitExceeded": "ask for more in Service Quotas (vpc, L-29B6F2EB for interface endpoints)",
    "AuthFailure": "the region may not be enabled for the account",
    "OptInRequired": "enable the region for the account",
}


def code_of(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else type(error).__name__


def is_gone(code: str) -> bool:
    """The thing does not exist; EC2 spells the codes in several ways (``InvalidVpcID.NotFound``, ``…Id.NotFound``)."""
    return code.endswith(".NotFound")


def is_worth_retrying(error: ClientError | BotoCoreError) -> bool:
    return verdict(error) is Verdict.RETRY


def may_be_done(error: ClientError | BotoCoreError) -> bool:
    """Whether AWS may have done what was asked all the same: no answer came, or one of trouble of its own."""
    if not isinstance(error, ClientError):
        return isinstance(error, ConnectionError | HTTPClientError)
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)) >= 500  # noqa: PLR2004


def is_turned_away(error: ClientError) -> bool:
    """Denied or throttled: AWS did not look at what was asked, and so says nothing about it."""
    return code_of(error) in THROTTLED | _DENIED


def verdict(error: ClientError | BotoCoreError) -> Verdict:
    """RETRY or FAILED."""
    return Verdict.RETRY if may_be_done(error) else verdict_of(code_of(error), str(error))


def verdict_of(code: str, message: str) -> Verdict:
    """As `verdict`, for the errors that EC2 lists inside a successful answer."""
    retry = code in THROTTLED | _PASSING | _STALE or is_gone(code) or any(stale in message for stale in _STALE_MESSAGES)
    return Verdict.RETRY if retry else Verdict.FAILED


def in_words(error: ClientError | BotoCoreError) -> str:
    """Code, message and what to do, on one line."""
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())
    return words_of(code_of(error), str(error.response["Error"].get("Message", "")), error.operation_name)


def words_of(code: str, message: str, operation: str) -> str:
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return f"{operation}: {code}: {' '.join(message.split())}{advice}"
