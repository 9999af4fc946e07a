"""Where does an EC2 call go?

To moto's EC2, made strict, one call at a time; what it changes is told to EventBridge. Calls come over HTTP,
or from CloudFormation when a template has a VPC in it. The DNS around VPCs is moto's too.
"""

import contextlib
import datetime as dt
import heapq
import itertools
import json
import re
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from embedded.cloudtrail import Caller, Ec2Call, Event, Tags, events_of, load_model

_DROPPED_HEADERS = ("content-length", "x-moto-account-id", "authorization")
_KEPT_HEADERS = ("content-type", "location", "x-amzn-errortype")


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Postbox:
    """Hands events to EventBridge after a delay, in the order in which they came."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._waiting: list[tuple[float, int, Event, str, str]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._deliver, name="postbox", daemon=True).start()

    def post(self, event: Event, *, account: str, region: str) -> None:
        with self._changed:
            due = time.monotonic() + self._delay
            heapq.heappush(self._waiting, (due, next(self._number), event, account, region))
            self._changed.notify()

    def _deliver(self) -> None:
        from ministack.core.responses import request_scope
        from ministack.services import eventbridge

        while True:
            _due, _number, event, account, region = self._next()
            entry = {
                "Source": event.source,
                "DetailType": event.detail_type,
                "Resources": list(event.resources),
                "Detail": json.dumps(event.detail),
            }
            with request_scope(account, region):
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    def _next(self) -> tuple[float, int, Event, str, str]:
        with self._changed:
            while not self._waiting or (left := self._waiting[0][0] - time.monotonic()) > 0:
                self._changed.wait(left if self._waiting else None)
            return heapq.heappop(self._waiting)


class Moto:
    """Services of moto, of every account and region; one call at a time, since it is not thread safe."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self._application = DomainDispatcherApplication(create_backend_app)
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="moto")

    def submit(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Future[Any]:
        return self._one_at_a_time.submit(work, *arguments, **named)

    def answer(
        self,
        service: str,
        *,
        account: str,
        region: str,
        headers: Mapping[str, str],
        body: bytes,
        method: str = "POST",
        path: str = "/",
        query: str = "",
    ) -> Answer:
        from werkzeug.test import EnvironBuilder, run_wsgi_app

        sent = {name: value for name, value in headers.items() if name.lower() not in _DROPPED_HEADERS}
        sent["x-moto-account-id"] = account
        # moto reads service and region from the signature; the caller's was checked before.
        sent["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={account}/20000101/{region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=none"
        )
        environ = EnvironBuilder(method=method, path=path, query_string=query, headers=sent, data=body).get_environ()
        chunks, status, answered = run_wsgi_app(self._application, environ, buffered=True)
        kept = {name: value for name, value in answered.items() if name.lower() in _KEPT_HEADERS}
        return Answer(status=int(status.split()[0]), headers=kept, body=b"".join(chunks))


class Ec2:
    """moto's EC2 of every account and region."""

    def __init__(self, postbox: Postbox, moto: Moto) -> None:
        self._postbox, self._moto = postbox, moto
        self._tag_changes: Counter[str] = Counter()
        self._moto.submit(load_model)  # a second that the first call need not wait

    def submit(
        self, parameters: Mapping[str, str], *, account: str, region: str, caller: Caller, headers: Mapping[str, str]
    ) -> Future[Answer]:
        """Have the call carried out and its events sent."""
        return self._moto.submit(self._call, dict(parameters), account, region, caller, dict(headers))

    def tell(self, call: Ec2Call) -> None:
        """Send the events of a call, also of one that never came as far as moto."""
        for event in events_of(call, lambda resource_id: self._tags(call, resource_id)):
            self._postbox.post(event, account=call.account, region=call.region)

    def _call(
        self, parameters: dict[str, str], account: str, region: str, caller: Caller, headers: dict[str, str]
    ) -> Answer:
        request_id = str(uuid.uuid4())
        form = {**headers, "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        body = urllib.parse.urlencode(parameters).encode()
        answer = self._moto.answer("ec2", account=account, region=region, headers=form, body=body)
        document = re.sub(rb"(?<=<request[Ii][Dd]>)[^<]*", request_id.encode(), answer.body)
        answer = replace(answer, body=document)
        self.tell(
            Ec2Call(
                action=parameters.get("Action", ""),
                parameters=parameters,
                status=answer.status,
                answer=answer.body,
                account=account,
                region=region,
                caller=caller,
                request_id=request_id,
                time=dt.datetime.now(dt.UTC),
            )
        )
        return answer

    def _tags(self, call: Ec2Call, resource_id: str) -> Tags:
        self._tag_changes[resource_id] += 1
        return Tags(
            version=self._tag_changes[resource_id],
            values=tags_of(resource_id, account=call.account, region=call.region),
        )


def backend(account: str, region: str) -> Any:
    """What moto holds of one account and region."""
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def tags_of(resource_id: str, *, account: str, region: str) -> dict[str, str]:
    return dict(sorted(backend(account, region).tags.get(resource_id, {}).items()))


def vpc_of(resource_id: str, *, account: str, region: str) -> str | None:
    """The VPC in which a resource lies; None if there is no such resource."""
    state = backend(account, region)
    finders = {
        "subnet": state.get_subnet,
        "sg": state.get_security_group_from_id,
        "rtb": state.get_route_table,
        "vpce": state.get_vpc_end_point,
    }
    find = finders.get(resource_id.split("-", 1)[0])
    if find is None:
        return None
    with contextlib.suppress(Exception):  # moto raises the call's own error; the call itself will say so
        return getattr(find(resource_id), "vpc_id", None)
    return None
