"""Which logs does a VPC have? Flow logs, and query logs of Route 53 Resolver, and where they lie.

    asked of AWS                                                          for
    --------------------------------------------------------------------  ---------------------------------------------
    ec2: DescribeFlowLogs                                                 those of the VPC, its subnets and interfaces
    route53resolver: ListResolverQueryLogConfigAssociations               which configurations log the VPC's queries
    route53resolver: ListResolverQueryLogConfigs                          to where
    route53profiles: ListProfileAssociations, …ResourceAssociations       those that Route 53 Profiles bring

What lies where it is not read (Firehose, another account's log group, Parquet) is a log too, with its trouble.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_ListResolverQueryLogConfigAssociations.html
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/profile-associate-query-logging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpce.aws.observe import pages
from vpce.core.evidence import FLOW_LOG, QUERY_LOG
from vpce.core.flowlog import fields_of, lacking
from vpce.core.logs import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from mypy_boto3_ec2 import EC2Client

    from vpce.core.model import Place

_LOGGING = frozenset({"CREATING", "ACTIVE", "ACTION_NEEDED"})
"""States of associations that are to log."""
_CONFIG = ":resolver-query-log-config/"


def flow_logs(ec2: EC2Client, place: Place, resources: Collection[str]) -> list[Log]:
    """The flow logs of these VPCs, subnets and interfaces.

    Raises:
        ClientError, BotoCoreError: nothing is known.

    """
    found = pages(ec2, "describe_flow_logs", "FlowLogs", resources, by="resource-id")
    return [_flow_log(f, place) for f in found if f["ResourceId"] in resources]


def _flow_log(found: Mapping[str, Any], place: Place) -> Log:
    options = found.get("DestinationOptions", {})
    is_hive = options.get("HiveCompatiblePartitions", False)
    path = (
        f"AWSLogs/aws-account-id={place.account}/aws-service=vpcflowlogs/aws-region={place.region}/"
        if is_hive
        else f"AWSLogs/{place.account}/vpcflowlogs/{place.region}/"
    )
    destination = found.get("LogDestination", "")
    return Log(
        kind=FLOW_LOG,
        id=found["FlowLogId"],
        resource=found["ResourceId"],
        format=found.get("LogFormat", ""),
        since=found.get("CreationTime"),
        day="year=%Y/month=%m/day=%d/" if is_hive else "%Y/%m/%d/",
        **(
            {"group": found["LogGroupName"], "where": f"log group {found['LogGroupName']}"}
            if found.get("LogGroupName") and not destination
            else _lies(destination, path, place)
        )
        | _trouble(found, options),
    )


def _trouble(found: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, str]:
    """Why a flow log's records are of no use, if they are not."""
    if found.get("TrafficType") == "REJECT":
        return {"trouble": "it has rejected traffic only (TrafficType REJECT)"}
    if options.get("FileFormat") == "parquet":
        return {"trouble": "it is written as Parquet, which is not read; make one in plain text beside it"}
    if found.get("DeliverLogsStatus") == "FAILED":
        return {"trouble": f"AWS cannot deliver it: {found.get('DeliverLogsErrorMessage') or 'no reason given'}"}
    if found.get("LogFormat") and (lacks := lacking(fields_of(found["LogFormat"]))):
        return {"trouble": f"its format lacks {', '.join(lacks)}"}
    return {}


def query_logs(client_of: Callable[..., Any], place: Place, vpc: str) -> list[Log]:
    """The query logs that a VPC itself is associated with.

    Args:
        client_of: makes clients of a service and region.
        place: where the VPC is.
        vpc: its id.

    Raises:
        ClientError, BotoCoreError: nothing is known.

    """
    resolver = client_of("route53resolver", place.region)
    asked = [{"Name": "ResourceId", "Values": [vpc]}]
    key = "ResolverQueryLogConfigAssociations"
    found = listed(resolver.list_resolver_query_log_config_associations, key, Filters=asked)
    return _query_logs([a for a in found if a["Status"] in _LOGGING], resolver, place, vpc)


def query_logs_of_profiles(client_of: Callable[..., Any], place: Place, vpc: str) -> list[Log]:
    """Those that its Route 53 Profiles bring; else as `query_logs`."""
    arns = _brought(client_of("route53profiles", place.region), vpc)
    found = [{"ResolverQueryLogConfigId": config} for config in sorted({arn.partition(_CONFIG)[2] for arn in arns})]
    return _query_logs(found, client_of("route53resolver", place.region), place, vpc)


def _query_logs(found: Sequence[Mapping[str, Any]], resolver: Any, place: Place, vpc: str) -> list[Log]:
    if not found:
        return []
    configs = {c["Id"]: c for c in listed(resolver.list_resolver_query_log_configs, "ResolverQueryLogConfigs")}
    return [_query_log(association, configs, place, vpc) for association in found]


def _query_log(association: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]], place: Place, vpc: str) -> Log:
    found = association["ResolverQueryLogConfigId"]
    destination = configs.get(found, {}).get("DestinationArn", "")
    lies = _lies(destination, f"AWSLogs/{place.account}/vpcdnsquerylogs/{vpc}/", place)
    if found not in configs:
        trouble = "ListResolverQueryLogConfigs does not show it: it is another account's, not shared with us"
        lies = {"where": found, "trouble": trouble}
    elif association.get("Status") == "ACTION_NEEDED":
        lies["trouble"] = f"AWS cannot deliver it: {association.get('ErrorMessage') or association.get('Error')}"
    return Log(kind=QUERY_LOG, id=found, resource=vpc, **lies)


def _brought(profiles: Any, vpc: str) -> Iterator[str]:
    """ARNs of the query log configurations of the VPC's Profiles."""
    for association in listed(profiles.list_profile_associations, "ProfileAssociations", ResourceId=vpc):
        key, profile = "ProfileResourceAssociations", association["ProfileId"]
        for resource in listed(profiles.list_profile_resource_associations, key, ProfileId=profile):
            if _CONFIG in resource["ResourceArn"]:
                yield resource["ResourceArn"]


def listed(call: Callable[..., Any], key: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    while True:
        page = call(MaxResults=100, **asked)
        yield from page.get(key, [])
        if not page.get("NextToken"):
            return
        asked["NextToken"] = page["NextToken"]


def _lies(destination: str, path: str, place: Place) -> dict[str, Any]:
    """Where an ARN has its lines: ``arn:aws:logs:…:log-group:NAME:*``, ``arn:aws:s3:::BUCKET/PREFIX``, or unread."""
    _, _, service, region, account, what = [*destination.split(":", 5), *[""] * 6][:6]
    match service:
        case "logs":
            group = what.removeprefix("log-group:").removesuffix(":*")
            if (account, region) != (place.account, place.region):
                why = f"the log group is {account}'s in {region}; read it there, and give the files with --from"
                return {"where": f"log group {group}", "trouble": why}
            return {"where": f"log group {group}", "group": group}
        case "s3":
            bucket, _, prefix = what.partition("/")
            folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
            return {"where": f"s3://{bucket}/{folder}{path}", "bucket": bucket, "prefix": f"{folder}{path}"}
        case _:
            why = "it goes where it is not read: log groups and S3 are; or give its files with --from"
            return {"where": destination or "nowhere", "trouble": why}
