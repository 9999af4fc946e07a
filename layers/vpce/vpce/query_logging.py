"""A VPC's query logging is turned on for a time, and off again when that is over.

    made by `enable`                     tags                                    what `disable` does with it
    -----------------------------------  --------------------------------------  --------------------------------------
    log group, with a retention          vpce:managed-by                         leaves it: its lines go by themselves
    Resolver query log configuration     vpce:managed-by, vpce:delete-after      deletes it
    its association with the VPC         (takes none)                            takes it off

AWS ends nothing by itself: who runs ``vpce discover`` after the end has it turned off. A second run changes nothing.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpce.aws.errors import AwsError, code_of
from vpce.aws.logs import listed
from vpce.core.logs import group_arn, group_of
from vpce.core.model import DELETE_AFTER_TAG, MANAGED_BY_TAG, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_route53resolver import Route53ResolverClient

    from vpce.reconcile import Surroundings

RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90)
"""Days that a log group can keep its lines; there are longer ones.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
_OFF = frozenset({"DELETING", "FAILED"})
_LOOKS = 24
"""How often an association that AWS takes off is looked at again."""


class QueryLoggingError(Exception):
    """Query logging cannot be turned on or off; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLogging:
    """One configuration that logs a VPC's queries, or is about to."""

    id: str
    arn: str
    destination: str
    owner: str
    """Account id."""
    is_ours: bool
    until: datetime | None
    """When it ends; None where nobody said."""
    is_on: bool
    """It is associated with the VPC."""

    def is_over(self, now: datetime) -> bool:
        return self.is_ours and self.until is not None and self.until <= now


def query_logging_of(around: Surroundings, vpc: str) -> list[QueryLogging]:
    """All that log the VPC's queries, and ours that do not yet, or no longer; sorted by id.

    Raises:
        ClientError, BotoCoreError: nothing is known.

    """
    resolver = _resolver(around)
    configs = {c["Id"]: c for c in listed(resolver.list_resolver_query_log_configs, "ResolverQueryLogConfigs")}
    on = {a["ResolverQueryLogConfigId"] for a in _associations(resolver, vpc) if a["Status"] not in _OFF}
    name = _name(around, vpc)
    found = [_read(around, configs.get(i, {"Id": i}), is_on=True) for i in sorted(on)]
    idle = [_read(around, c, is_on=False) for i, c in sorted(configs.items()) if i not in on and c.get("Name") == name]
    return [*found, *(f for f in idle if f.is_ours)]


def left_behind(around: Surroundings) -> list[str]:
    """What of it is still there, of any VPC of the place, and how to end it; for who uninstalls.

    Raises:
        ClientError, BotoCoreError: nothing is known.

    """
    begin = _name(around, "vpc-")
    configs = listed(_resolver(around).list_resolver_query_log_configs, "ResolverQueryLogConfigs")
    named = sorted((c["Name"], c) for c in configs if c.get("Name", "").startswith(begin))
    region, installation = around.place.region, around.installation
    return [
        f"query logging by {c['Id']}; vpce discover vpc-{name.removeprefix(begin)} --disable --region {region} "
        f"--installation {installation} ends it"
        for name, c in named
        if _read(around, c, is_on=False).is_ours
    ]


def _read(around: Surroundings, config: Mapping[str, Any], *, is_on: bool) -> QueryLogging:
    tags: dict[str, str] = {}
    if config.get("OwnerId") == around.place.account:
        asked = listed(_resolver(around).list_tags_for_resource, "Tags", ResourceArn=config["Arn"])
        tags = {t["Key"]: t["Value"] for t in asked}
    return QueryLogging(
        id=config["Id"],
        arn=config.get("Arn", ""),
        destination=config.get("DestinationArn", ""),
        owner=config.get("OwnerId", ""),
        is_ours=tags.get(MANAGED_BY_TAG) == around.installation,
        until=moment(tags.get(DELETE_AFTER_TAG, "")),
        is_on=is_on,
    )


def enable(around: Surroundings, vpc: str, *, until: datetime, retention: int) -> Iterator[str]:
    """Turn it on, step by step; yields what was done. Ours that is on already gets the new end.

    Args:
        around: the place.
        vpc: its id.
        until: when it is to end.
        retention: days that the log group keeps the lines, one of `RETENTIONS`.

    Raises:
        QueryLoggingError: others log the VPC's queries already, or the log group is somebody else's.
        ClientError, BotoCoreError: AWS refused a step; a second run goes on from there.

    """
    there = query_logging_of(around, vpc)
    if other := next((q for q in there if q.is_on and not q.is_ours), None):
        whose = f"account {other.owner}" if other.owner else "another account"
        where = f", to {other.destination}" if other.destination else ""
        raise QueryLoggingError(f"{vpc} has query logging already: {other.id} of {whose}{where}; nothing was changed")
    group = group_of(around.installation, vpc)
    yield from _keep_group(around, group, retention)
    resolver = _resolver(around)
    tags = [
        {"Key": MANAGED_BY_TAG, "Value": around.installation},
        {"Key": DELETE_AFTER_TAG, "Value": until.isoformat(timespec="seconds")},
    ]
    if there:
        config, arn = there[0].id, there[0].arn
        if there[0].until != until.replace(microsecond=0):
            resolver.tag_resource(ResourceArn=arn, Tags=tags)  # type: ignore[arg-type]
            yield f"{config} ends {until:%Y-%m-%d %H:%M} UTC now"
    else:
        made = resolver.create_resolver_query_log_config(
            Name=_name(around, vpc),
            DestinationArn=group_arn(around.place, group),
            # Of the end too: whether AWS takes a name again for what it has deleted is not documented.
            CreatorRequestId=f"{_name(around, vpc)}-{until:%Y%m%d%H%M%S}",
            Tags=tags,  # type: ignore[arg-type]
        )["ResolverQueryLogConfig"]
        config = made["Id"]
        yield f"made the query log configuration {config}, until {until:%Y-%m-%d %H:%M} UTC"
    if not any(q.is_on for q in there):
        resolver.associate_resolver_query_log_config(ResolverQueryLogConfigId=config, ResourceId=vpc)
        yield f"{vpc} logs its queries to {group}"


def _keep_group(around: Surroundings, group: str, retention: int) -> Iterator[str]:
    logs = _logs(around)
    try:
        logs.create_log_group(logGroupName=group, tags={MANAGED_BY_TAG: around.installation})
    except AwsError as error:
        if code_of(error) != "ResourceAlreadyExistsException":
            raise
        arn = group_arn(around.place, group).removesuffix(":*")
        keeper = logs.list_tags_for_resource(resourceArn=arn).get("tags", {}).get(MANAGED_BY_TAG, "")
        if keeper != around.installation:
            raise QueryLoggingError(f"the log group {group} is there and not ours; delete it, or rename it") from error
    else:
        yield f"made the log group {group}"
    logs.put_retention_policy(logGroupName=group, retentionInDays=retention)


def disable(around: Surroundings, vpc: str, *, pause: Callable[[], None]) -> Iterator[str]:
    """Turn ours off, step by step; yields what was done. What others log is left alone.

    Args:
        around: the place.
        vpc: its id.
        pause: waits until AWS may have taken an association off.

    Raises:
        QueryLoggingError: AWS has not taken it off in time; a second run goes on.
        ClientError, BotoCoreError: AWS refused a step; a second run goes on from there.

    """
    resolver = _resolver(around)
    for ours in (q for q in query_logging_of(around, vpc) if q.is_ours):
        if any(a["Status"] != "DELETING" for a in _associations(resolver, vpc) if _is_of(a, ours)):
            resolver.disassociate_resolver_query_log_config(ResolverQueryLogConfigId=ours.id, ResourceId=vpc)
            yield f"{vpc} logs its queries no more"
        # AWS deletes no configuration that has associations, and takes its time to end one.
        # https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_DeleteResolverQueryLogConfig.html
        for _ in range(_LOOKS):
            if not any(_is_of(a, ours) for a in _associations(resolver, vpc)):
                break
            pause()
        else:
            raise QueryLoggingError(f"AWS still takes {ours.id} off {vpc}; run it again in some minutes")
        resolver.delete_resolver_query_log_config(ResolverQueryLogConfigId=ours.id)
        yield f"deleted the query log configuration {ours.id}; its log group keeps its lines until they are too old"


def _is_of(association: Mapping[str, Any], logging: QueryLogging) -> bool:
    return bool(association["ResolverQueryLogConfigId"] == logging.id)


def _associations(resolver: Route53ResolverClient, vpc: str) -> Iterator[Mapping[str, Any]]:
    return listed(
        resolver.list_resolver_query_log_config_associations,
        "ResolverQueryLogConfigAssociations",
        Filters=[{"Name": "ResourceId", "Values": [vpc]}],
    )


def _name(around: Surroundings, vpc: str) -> str:
    """Of the configuration; at most 64 characters."""
    return f"{around.installation[:40]}-{vpc}"


def _resolver(around: Surroundings) -> Route53ResolverClient:
    client: Route53ResolverClient = _client(around, "route53resolver")
    return client


def _logs(around: Surroundings) -> CloudWatchLogsClient:
    client: CloudWatchLogsClient = _client(around, "logs")
    return client


def _client(around: Surroundings, service: str) -> Any:
    if around.client_of is None:
        raise ValueError("without clients nothing can be logged")
    return around.client_of(service, around.place.region)
