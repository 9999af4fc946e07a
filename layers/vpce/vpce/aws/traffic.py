"""Does anybody use it? Bytes through interface endpoints, as CloudWatch has counted them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_cloudwatch import CloudWatchClient

_NAMESPACE, _METRIC = "AWS/PrivateLinkEndpoints", "BytesProcessed"
_ENDPOINT, _VPC, _SUBNET = "VPC Endpoint Id", "VPC Id", "Subnet Id"
_QUERIES = 500
"""Most metrics in one call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
_HOUR = 3600


class UncountedError(Exception):
    """CloudWatch answered, and not with all that was asked."""


def traffic(
    cloudwatch: CloudWatchClient, vpc: str, endpoints: Collection[str], *, since: datetime, until: datetime
) -> dict[str, int]:
    """Endpoint → bytes within the time, in both directions; those that none went through are left out.

    Which dimensions a metric has is asked, not guessed: a query with others finds nothing, and every endpoint would
    look idle. CloudWatch lists a metric for two weeks after its last data point, and PrivateLink counts only what
    there is. Gateway endpoints are not counted at all.
    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html

    Raises:
        ClientError, BotoCoreError, UncountedError: nothing is known.

    """
    metrics = list(_metrics(cloudwatch, vpc, endpoints))
    total: dict[str, int] = defaultdict(int)
    for start in range(0, len(metrics), _QUERIES):
        batch = metrics[start : start + _QUERIES]
        for number, value in _sums(cloudwatch, [m for _, m in batch], since, until):
            total[batch[number][0]] += value
    return {endpoint: number for endpoint, number in total.items() if number}


def _metrics(
    cloudwatch: CloudWatchClient, vpc: str, endpoints: Collection[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Endpoint and metric; of an endpoint either the one for all subnets or those of each."""
    found: dict[str, dict[frozenset[tuple[str, str]], Mapping[str, Any]]] = defaultdict(dict)
    pages = cloudwatch.get_paginator("list_metrics").paginate(
        Namespace=_NAMESPACE, MetricName=_METRIC, Dimensions=[{"Name": _VPC, "Value": vpc}]
    )
    for metric in (m for page in pages for m in page["Metrics"]):
        dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        if dimensions.get(_ENDPOINT) in endpoints:
            found[dimensions[_ENDPOINT]][frozenset(dimensions.items())] = metric
    for endpoint, metrics in sorted(found.items()):
        whole = [m for dimensions, m in metrics.items() if _SUBNET not in dict(dimensions)]
        yield from ((endpoint, m) for m in whole or metrics.values())


def _sums(
    cloudwatch: CloudWatchClient, metrics: list[Mapping[str, Any]], since: datetime, until: datetime
) -> Iterator[tuple[int, int]]:
    """Index of the metric, and a part of its sum."""
    queries: list[Any] = [
        {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": _HOUR, "Stat": "Sum"}}
        for number, metric in enumerate(metrics)
    ]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=since, EndTime=until
    )
    for result in (r for page in pages for r in page["MetricDataResults"]):
        if result.get("StatusCode", "Complete") not in {"Complete", "PartialData"}:
            raise UncountedError(f"CloudWatch says {result['StatusCode']} to {_METRIC}: {result.get('Messages', [])}")
        yield int(result["Id"][1:]), int(sum(result["Values"]))
