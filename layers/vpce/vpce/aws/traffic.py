"""Does anybody use it? Bytes through interface endpoints and NAT gateways, as CloudWatch has counted them.

Which dimensions a metric has is asked, not guessed: a query with others finds nothing, and every endpoint would look
idle. CloudWatch lists a metric for two weeks after its last data point, and PrivateLink counts only what there is.
Gateway endpoints are not counted at all.

https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from vpce.core.model import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient

    from vpce.core.model import Vpc

    Metric = Mapping[str, Any]

_LINK, _BYTES = "AWS/PrivateLinkEndpoints", "BytesProcessed"
_ENDPOINT, _VPC, _SUBNET, _SERVICE, _TYPE = "VPC Endpoint Id", "VPC Id", "Subnet Id", "Service Name", "Endpoint Type"
_NAT, _GATEWAY = "AWS/NATGateway", "NatGatewayId"
_TO_DESTINATION, _TO_SOURCE = "BytesOutToDestination", "BytesOutToSource"
_QUERIES = 500
"""Most metrics in one call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
_HOUR, _DAY = 3600, 86400


class UncountedError(Exception):
    """CloudWatch answered, and not with all that was asked."""


def traffic(
    cloudwatch: CloudWatchClient, vpc: str, endpoints: Collection[str], *, since: datetime, until: datetime
) -> dict[str, int]:
    """Endpoint of a VPC → bytes within the time, in both directions; those that none went through are left out.

    Raises:
        ClientError, BotoCoreError, UncountedError: nothing is known.

    """
    listed = _listed(cloudwatch, _LINK, _BYTES, _ENDPOINT, Dimensions=[{"Name": _VPC, "Value": vpc}])
    metrics = [(e, m) for e, found in listed.items() if e in endpoints for m in _once_each(found)]
    return {e: n for e, n in _summed(cloudwatch, metrics, since, until, period=_HOUR).items() if n}


def place_traffic(
    cloudwatch: CloudWatchClient, vpcs: Iterable[Vpc], *, since: datetime, until: datetime
) -> dict[str, int]:
    """Endpoint → bytes within the time, in both directions: those of these VPCs, and all others that CloudWatch lists.

    An endpoint that has been silent for two weeks is listed no more. It is asked for in the dimensions of one that is,
    and left out where there is none: what cannot be asked for has not been silent.

    Args:
        cloudwatch: client of the place.
        vpcs: whose interface endpoints are to be asked for.
        since: midnight UTC, for days are summed up.
        until: when the last, perhaps unfinished, day ends.

    Raises:
        ClientError, BotoCoreError, UncountedError: nothing is known.

    """
    listed = _listed(cloudwatch, _LINK, _BYTES, _ENDPOINT)
    metrics = [(e, m) for e, found in listed.items() for m in _once_each(found)]
    names = {frozenset(_dimensions(m)) for _, m in metrics if _SUBNET not in _dimensions(m)}
    for vpc in vpcs:
        for endpoint in vpc.endpoints:
            known = {_TYPE: "Interface", _SERVICE: endpoint.service, _ENDPOINT: endpoint.id, _VPC: vpc.id}
            if endpoint.kind is Kind.INTERFACE and endpoint.id not in listed and frozenset(known) in names:
                dimensions = [{"Name": name, "Value": value} for name, value in sorted(known.items())]
                metrics.append((endpoint.id, {"Namespace": _LINK, "MetricName": _BYTES, "Dimensions": dimensions}))
    return dict.fromkeys((e for e, _ in metrics), 0) | _summed(cloudwatch, metrics, since, until, period=_DAY)


def nat_traffic(cloudwatch: CloudWatchClient, *, since: datetime, until: datetime) -> dict[str, int]:
    """NAT gateway of the place → bytes within the time that it has processed: what left it on either side.

    AWS bills each byte once, whichever way it goes. CloudWatch has every byte twice, as it comes in and as it goes out;
    what was dropped in between is only in the first.
    https://aws.amazon.com/vpc/pricing/
    https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html

    Raises:
        ClientError, BotoCoreError, UncountedError: nothing is known.

    """
    listed = _listed(cloudwatch, _NAT, _TO_DESTINATION, _GATEWAY)
    metrics = [
        (gateway, {**metric, "MetricName": name})
        for gateway, found in listed.items()
        for metric in found
        if set(_dimensions(metric)) == {_GATEWAY}
        for name in (_TO_DESTINATION, _TO_SOURCE)
    ]
    return _summed(cloudwatch, metrics, since, until, period=_DAY)


def _listed(cloudwatch: CloudWatchClient, namespace: str, name: str, by: str, **asked: Any) -> dict[str, list[Metric]]:
    """The value of a dimension → metrics that have it, each once, sorted."""
    found: dict[str, dict[frozenset[tuple[str, str]], Metric]] = defaultdict(dict)
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=name, **asked)
    for metric in (m for page in pages for m in page["Metrics"]):
        if by in (dimensions := _dimensions(metric)):
            found[dimensions[by]][frozenset(dimensions.items())] = metric
    return {value: list(metrics.values()) for value, metrics in sorted(found.items())}


def _once_each(metrics: Sequence[Metric]) -> Sequence[Metric]:
    """Those that have each byte of an endpoint once: the one for all subnets, or those of each."""
    return [m for m in metrics if _SUBNET not in _dimensions(m)] or metrics


def _dimensions(metric: Metric) -> dict[str, str]:
    return {d["Name"]: d["Value"] for d in metric["Dimensions"]}


def _summed(
    cloudwatch: CloudWatchClient,
    metrics: Sequence[tuple[str, Metric]],
    since: datetime,
    until: datetime,
    *,
    period: int,
) -> dict[str, int]:
    """What the metrics are of → their sum; those without any data are left out."""
    total: dict[str, int] = {}
    for start in range(0, len(metrics), _QUERIES):
        batch = metrics[start : start + _QUERIES]
        queries: list[Any] = [
            {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}
            for number, (_, metric) in enumerate(batch)
        ]
        for number, value in _sums(cloudwatch, queries, since, until):
            of = batch[number][0]
            total[of] = total.get(of, 0) + value
    return total


def _sums(
    cloudwatch: CloudWatchClient, queries: list[Any], since: datetime, until: datetime
) -> Iterator[tuple[int, int]]:
    """Number of the query, and a part of its sum."""
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=since, EndTime=until
    )
    for result in (r for page in pages for r in page["MetricDataResults"]):
        if result.get("StatusCode", "Complete") not in {"Complete", "PartialData"}:
            raise UncountedError(
                f"CloudWatch says {result['StatusCode']} to {result.get('Label')}: {result.get('Messages', [])}"
            )
        if result["Values"]:
            yield int(result["Id"][1:]), int(sum(result["Values"]))
