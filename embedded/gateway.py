"""What happens to a call of AWS?

It is recorded, made to fail if a test wants so, and answered: EC2 and the DNS around it by moto, made strict, all else
by ministack.
"""

import asyncio
import contextlib
import datetime as dt
import functools
import json
import os
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from embedded import cloudformation, patches, roles, strict_dns, strict_ec2
from embedded.cloudtrail import Caller, Ec2Call, error_of
from embedded.control import Call, Calls, Fault, Faults, Mails
from embedded.ec2 import Ec2, Moto, Postbox
from embedded.ec2_authorization import refusal, refusal_of
from embedded.settings import CONTROL, Settings
from embedded.strict_ec2 import Behaviour

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Response = tuple[int, dict[str, str], Any]

# Service Authorization Reference, list_amazonroute53.html and list_amazonroute53resolver.html: dependent actions.
ALSO_NEEDED = {"ListHostedZonesByVPC": "ec2:DescribeVpcs", "ListResolverRuleAssociations": "ec2:DescribeVpcs"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A call as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    parameters: dict[str, str]  # of the query string and of a form


class Gateway:
    """The ASGI application: our controls, and ministack behind them."""

    def __init__(self, settings: Settings) -> None:
        import ministack.app

        patches.check()
        patches.apply(runtimes=settings.runtimes, iam=settings.iam)
        self._ministack = ministack.app
        self._dispatch_in_ministack = ministack.app._dispatch_service_request
        self._iam = settings.iam
        self._calls = Calls()
        self._faults = Faults()
        self._mails = Mails()
        patches.mail_is_kept(self._mails.add)
        self._moto = Moto()
        self._ec2 = Ec2(Postbox(settings.event_delay), self._moto)
        ministack.app._dispatch_service_request = self._dispatch
        ministack.app.SERVICE_HANDLERS["ec2"] = self._answer_ec2
        for service in patches.OF_MOTO:
            ministack.app.SERVICE_HANDLERS[service] = self._by_moto(service)
        self._answer_sns_in_ministack = ministack.app.SERVICE_HANDLERS["sns"]
        if settings.iam:
            ministack.app.SERVICE_HANDLERS["sns"] = self._answer_sns
        cloudformation.install(self._ec2)
        strict_ec2.install(Behaviour(pending=settings.pending, deleting=settings.deleting))
        strict_dns.install()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
        else:
            await self._ministack.app(scope, receive, send)

    async def _dispatch(  # noqa: PLR0917 -- ministack's signature
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Response:
        """Every call of AWS passes here: decoded, its account and region known, nothing done yet."""
        from ministack.core.responses import get_account_id, get_region

        parameters = self._ministack._routing_params(method, path, headers, body, query)
        service = self._ministack.detect_service(method, path, headers, parameters)
        request = Request(method=method, path=path, headers=headers, body=body, parameters=_flat(parameters))
        called: dict[str, Any] = {
            "service": service,
            "action": _action(service, request),
            "region": get_region(),
            "account": get_account_id(),
            "parameters": request.parameters if service == "ec2" else {},
        }
        caller, began = self._caller(headers, query), time.time()
        fault = self._faults.take(**called)
        if fault is not None:
            await asyncio.sleep(fault.delay)
        response: Response
        if fault is None or fault.code is None or fault.after:
            response = await self._dispatch_in_ministack(method, path, headers, body, query, request_id)
        if fault is not None and fault.code is not None:
            response = _made_to_fail(fault, headers, request_id)
            if service == "ec2" and not fault.after:
                self._tell_of_failure(request.parameters, response, caller, request_id)
        self._calls.add(Call(time=began, principal=caller.arn, error=_error_code(response), **called))
        return response

    async def _answer_ec2(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """In place of ministack's own EC2."""
        from ministack.core.responses import get_account_id, get_region

        parameters = _flat(self._ministack._routing_params(method, path, headers, body, query))
        account, region, caller = get_account_id(), get_region(), self._caller(headers, query)
        if self._iam:
            request_id = str(uuid.uuid4())
            refused = refusal(
                parameters, access_key=caller.access_key, account=account, region=region, request_id=request_id
            )
            if refused is not None:
                self._tell_of_failure(parameters, refused, caller, request_id)
                return refused
        answer = await asyncio.wrap_future(
            self._ec2.submit(parameters, account=account, region=region, caller=caller, headers=headers)
        )
        return answer.status, dict(answer.headers), answer.body

    def _by_moto(self, service: str) -> Callable[..., Awaitable[Response]]:
        """In place of ministack's own service; whether the caller may was asked before, but for what else it needs."""

        async def answer(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Response:
            from ministack.core.responses import get_account_id, get_region

            asked = Request(method=method, path=path, headers=headers, body=body, parameters={})
            also = ALSO_NEEDED.get(_action(service, asked)) if self._iam else None
            if also:
                access_key = self._caller(headers, query).access_key
                denied = refusal_of(also, service, access_key=access_key, region=get_region())
                if denied is not None:
                    return denied
            ask = functools.partial(
                self._moto.answer,
                service,
                account=get_account_id(),
                region=get_region(),
                headers=headers,
                body=body,
                method=method,
                path=path,
                query=urlencode(query, doseq=True),
            )
            answered = await asyncio.wrap_future(self._moto.submit(ask))
            return answered.status, dict(answered.headers), answered.body

        return answer

    async def _answer_sns(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Whoever publishes to an encrypted topic needs its key too."""
        from ministack.core.responses import get_region

        parameters = _flat(self._ministack._routing_params(method, path, headers, body, query))
        if parameters.get("Action") in ("Publish", "PublishBatch"):
            access_key = self._caller(headers, query).access_key
            reason = roles.key_denial(parameters.get("TopicArn", ""), access_key, get_region())
            if reason is not None:
                fault = Fault(service="sns", code="KMSAccessDenied", message=reason)
                return _made_to_fail(fault, headers, str(uuid.uuid4()))
        response: Response = await self._answer_sns_in_ministack(method, path, headers, body, query)
        return response

    def _tell_of_failure(
        self, parameters: Mapping[str, str], response: Response, caller: Caller, request_id: str
    ) -> None:
        from ministack.core.responses import get_account_id, get_region

        self._ec2.tell(
            Ec2Call(
                action=parameters.get("Action", ""),
                parameters=parameters,
                status=response[0],
                answer=response[2],
                account=get_account_id(),
                region=get_region(),
                caller=caller,
                request_id=request_id,
                time=dt.datetime.now(dt.UTC),
            )
        )

    @staticmethod
    def _caller(headers: dict[str, str], query: dict[str, Any]) -> Caller:
        from ministack.core.iam_evaluator import request_caller_arn
        from ministack.core.router import extract_access_key_id

        return Caller(
            arn=request_caller_arn(headers, query),
            access_key=extract_access_key_id(headers, query) or "",
            source="127.0.0.1",
            agent=headers.get("user-agent", ""),
        )

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = dict(parse_qsl(scope["query_string"].decode()))
        answer = self._controlled(scope["method"], scope["path"].removeprefix(CONTROL), asked, body)
        content = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 404 if answer is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _controlled(self, method: str, what: str, asked: Mapping[str, str], body: bytes) -> object:
        """The answer of a control; None if there is no such control."""
        kept: Mapping[str, Calls | Faults | Mails] = {
            "calls": self._calls,
            "faults": self._faults,
            "mails": self._mails,
        }
        if (method, what) == ("GET", "health"):
            return {"pid": os.getpid()}
        if what not in kept:
            return None
        if (method, what) == ("POST", "faults"):
            for fault in json.loads(body):
                self._faults.add(Fault(**fault))
        if method == "DELETE":
            kept[what].forget()
        return [d for d in kept[what].as_documents() if asked.get("service") in (None, d.get("service"))]


def _flat(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in parameters.items()}


def _action(service: str, request: Request) -> str:
    """The API's name of what is called; REST calls go by the name of their IAM action."""
    from ministack.core.iam_actions import extract_iam_action

    if target := request.headers.get("x-amz-target"):
        return target.rsplit(".", 1)[-1]
    if named := request.parameters.get("Action"):
        return named
    action = extract_iam_action(
        service, request.method, request.path, request.headers, request.body, request.parameters
    )
    return str(action).rsplit(":", 1)[-1] if action else f"{request.method} {request.path}"


def _made_to_fail(fault: Fault, headers: dict[str, str], request_id: str) -> Response:
    from ministack.core.iam_actions import access_denied_response

    _status, answered, body = access_denied_response(
        fault.service, fault.action, "", request_id, error_code=fault.code, message=fault.message, headers=headers
    )
    return fault.status, answered, body


def _error_code(response: Response) -> str | None:
    """The error of an answer in whichever protocol it is; None if it is none."""
    status, headers, body = response
    if status < 400 or not isinstance(body, bytes | str):  # noqa: PLR2004 -- HTTP
        return None
    document = body.encode() if isinstance(body, str) else body
    if found := error_of(document):
        return found[0]
    told = {name.lower(): value for name, value in headers.items()}.get("x-amzn-errortype")
    if told is None:
        with contextlib.suppress(ValueError):
            said = json.loads(document)
            told = said.get("__type") or said.get("code")
    return re.split(r"[#:]", told)[-1 if "#" in told else 0] if told else str(status)
