"""How do we talk to AWS? One client per service and region, made when first needed and kept."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_pricing import PricingClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53profiles import Route53ProfilesClient
    from mypy_boto3_route53resolver import Route53ResolverClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_securityhub import SecurityHubClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient


@overload
def client(service: Literal["cloudwatch"], region: str | None = None) -> CloudWatchClient: ...
@overload
def client(service: Literal["ec2"], region: str | None = None) -> EC2Client: ...
@overload
def client(service: Literal["logs"], region: str | None = None) -> CloudWatchLogsClient: ...
@overload
def client(service: Literal["pricing"], region: str | None = None) -> PricingClient: ...
@overload
def client(service: Literal["route53"], region: str | None = None) -> Route53Client: ...
@overload
def client(service: Literal["route53profiles"], region: str | None = None) -> Route53ProfilesClient: ...
@overload
def client(service: Literal["route53resolver"], region: str | None = None) -> Route53ResolverClient: ...
@overload
def client(service: Literal["s3"], region: str | None = None) -> S3Client: ...
@overload
def client(service: Literal["securityhub"], region: str | None = None) -> SecurityHubClient: ...
@overload
def client(service: Literal["service-quotas"], region: str | None = None) -> ServiceQuotasClient: ...
@overload
def client(service: Literal["sns"], region: str | None = None) -> SNSClient: ...
@overload
def client(service: Literal["sqs"], region: str | None = None) -> SQSClient: ...
@overload
def client(service: Literal["ssm"], region: str | None = None) -> SSMClient: ...
@overload
def client(service: Literal["sts"], region: str | None = None) -> STSClient: ...
def client(service: str, region: str | None = None) -> Any:
    """A client of the credentials and region that the environment gives, unless a region is named."""
    return _client(service, region)


def default_region() -> str | None:
    """The region that environment and configuration name, if any."""
    import boto3

    return boto3.Session().region_name


@cache
def _client(service: str, region: str | None) -> Any:
    import boto3
    from botocore.config import Config

    # Throttled reads are repeated by botocore; changes of endpoints are paced, so few are refused. Route 53 and
    # CloudWatch Logs have so few requests for a whole account that others' use is felt: there botocore slows down by
    # itself. https://docs.aws.amazon.com/boto3/latest/guide/retries.html
    crowded = service.startswith(("route53", "logs"))
    # FilterLogEvents looks for a while before it answers; tries must not take longer than an audit can spare.
    attempts = 2 if service == "logs" else 5 if crowded else 3
    retries: Any = {"mode": "adaptive" if crowded else "standard", "total_max_attempts": attempts}
    config = Config(retries=retries, connect_timeout=5, read_timeout=45 if service == "logs" else 10)
    return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]  # any service
