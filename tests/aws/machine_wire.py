"""An EC2 that is fast enough for thousands of examples: moto without HTTP, its answers kept while nothing changes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto.core import responses as moto_responses
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from moto.core.request import normalize_request
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response

from embedded.strict_ec2_behaviour import is_seen
from tests.aws.conftest import ACCOUNT, REGION, SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ec2 import EC2Client

READS = ("Describe",)
SPARED = {
    "VpcEndpoint": ("DescribeVpcs", "DescribeVpcAttribute", "DescribeSecurityGroups"),
    "SecurityGroup": ("DescribeVpcs", "DescribeVpcAttribute", "DescribeSubnets", "DescribeRouteTables"),
}
"""Part of a call's name → the lists that such a call changes nothing in."""


def backend() -> Any:
    """What moto holds, also while EC2's lists do not show it yet."""
    return ec2_backends[ACCOUNT][REGION]


class Wire:
    """Between botocore and moto; an answer is kept until something could make it another."""

    def __init__(self) -> None:
        self.version = 0
        """Grows with every call that is no read."""
        self._kept: dict[Any, Any] = {}

    def client(self, *, before: Callable[..., Any] | None = None, after: Callable[..., Any] | None = None) -> EC2Client:
        """It does not try again, so that every refusal is seen.

        Args:
            before: hears every call, and may answer it.
            after: hears what was carried out, and may lose the answer.

        """
        # A user agent given is not put together anew for every call.
        config = Config(retries={"total_max_attempts": 1}, signature_version=UNSIGNED, user_agent="tests")
        client = SESSION.client("ec2", config=config)
        client.meta.events.unregister("before-send", botocore_stubber)  # botocore asks all who could answer
        # Who is registered first is asked first.
        if before:
            client.meta.events.register_first("before-call.ec2", before)
        client.meta.events.register_first("before-call.ec2", self._recall)
        client.meta.events.register_first("before-send.ec2", self._send)
        if after:
            client.meta.events.register_first("before-send.ec2", after)
        client.meta.events.register_last("after-call.ec2", self._keep)
        return client

    def forget(self, changed_by: str = "") -> None:
        """The answers that a call may have changed; without one, all."""
        self.version += 1
        spared = next((reads for part, reads in SPARED.items() if part in changed_by), ())
        self._kept = {key: answer for key, answer in self._kept.items() if key[0] in spared}

    def _key(self, operation: str, params: Mapping[str, Any]) -> Any:
        """The question, and what time alone can change of the answer."""
        ec2 = backend()
        endpoints = tuple((e.id, e.state, is_seen(e)) for e in ec2.vpc_end_points.values())
        groups = tuple(is_seen(g) for by_id in ec2.groups.values() for g in by_id.values())
        return (operation, tuple(sorted(params["body"].items())), endpoints, groups)

    def _recall(self, model: Any, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> Any:
        if not model.name.startswith(READS):
            self.forget(model.name)
            return None
        context["kept_as"] = self._key(model.name, params)
        return self._kept.get(context["kept_as"])

    def _keep(self, http_response: Any, parsed: Any, context: Mapping[str, Any], **_: Any) -> None:
        if "kept_as" in context and http_response.status_code == 200:
            self._kept[context["kept_as"]] = (http_response, parsed)

    @staticmethod
    def _send(request: Any, **_: Any) -> Any:
        asked = normalize_request(request)
        with_names = moto_responses.method_names_from_class
        moto_responses.method_names_from_class = _method_names
        try:
            status, headers, body = EC2Response.dispatch(asked, asked.raw_url, asked.headers)
        finally:
            moto_responses.method_names_from_class = with_names
        return AWSResponse(request.url, status, headers, MockRawResponse(body))


@functools.cache
def _method_names(class_: type) -> list[str]:
    """Moto asks for them with every call, and they never change."""
    return [name for name in dir(class_) if callable(getattr(class_, name))]
