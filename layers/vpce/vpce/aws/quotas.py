"""How many endpoints may an account have in a region? Its own values, else AWS's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from vpce.aws.errors import code_of
from vpce.core.network import GATEWAY_QUOTA, INTERFACE_QUOTA, Quotas

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mypy_boto3_service_quotas import ServiceQuotasClient


class NoValueError(Exception):
    """Service Quotas knows the quota and does not tell its value; the message says why."""


def read_quotas(client: ServiceQuotasClient, _region: str) -> Quotas:
    """The quotas of the client's account and region, without what is in use: Service Quotas does not know that.

    Raises:
        ClientError, BotoCoreError, NoValueError: they could not be read.

    """
    return Quotas(
        interface_endpoints_per_vpc=_value(client, INTERFACE_QUOTA),
        gateway_endpoints_per_region=_value(client, GATEWAY_QUOTA),
    )


def _value(client: ServiceQuotasClient, code: str) -> int:
    quota: Mapping[str, Any]
    try:
        quota = client.get_service_quota(ServiceCode="vpc", QuotaCode=code)["Quota"]
    except ClientError as error:
        if code_of(error) != "NoSuchResourceException":
            raise
        # The account has no value of its own.
        # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
        quota = client.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode=code)["Quota"]
    if "Value" not in quota:
        raise NoValueError(f"Service Quotas gives no value for {code}: {quota.get('ErrorReason', {})}")
    return int(quota["Value"])
