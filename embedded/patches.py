"""Where does ministack differ from AWS in ways that matter here, and how is that mended?

Each patch is one small function that says why it exists. They touch private names, so both emulators are pinned
exactly, and `check` refuses to start when a version or a name is not what was patched.
"""

import contextvars
import importlib
import importlib.metadata
import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import yaml

from embedded import roles
from embedded.control import Mail

log = logging.getLogger("embedded")

VERSIONS = {"ministack": "1.5.33", "moto": "5.2.5"}

# Every private name of ministack that this package patches or uses.
PRIVATE = (
    ("ministack.app", "SERVICE_HANDLERS"),
    ("ministack.app", "_dispatch_service_request"),
    ("ministack.app", "_routing_params"),
    ("ministack.core.iam_actions", "SERVICE_TO_IAM_NAMESPACE"),
    ("ministack.core.iam_actions", "_BOTOCORE_SERVICE_MAP"),
    ("ministack.core.iam_actions", "_DENIED_CODES"),
    ("ministack.core.iam_actions", "access_denied_response"),
    ("ministack.core.iam_actions", "extract_iam_action"),
    ("ministack.core.iam_actions", "extract_resource_arn"),
    ("ministack.core.iam_actions", "identity_denial_message"),
    ("ministack.core.iam_evaluator", "EvalContext"),
    ("ministack.core.iam_evaluator", "_gather_role_policies"),
    ("ministack.core.iam_evaluator", "_request_origin"),
    ("ministack.core.iam_evaluator", "enforce"),
    ("ministack.core.iam_evaluator", "evaluate"),
    ("ministack.core.iam_evaluator", "evaluate_resource_policy"),
    ("ministack.core.iam_evaluator", "request_caller_arn"),
    ("ministack.core.lambda_runtime", "Worker"),
    ("ministack.core.lambda_runtime", "_PYTHON_WORKER_SCRIPT"),
    ("ministack.core.lambda_runtime", "_detect_runtime_binary"),
    ("ministack.core.lambda_runtime", "reset"),
    ("ministack.core.lambda_runtime", "subprocess"),
    ("ministack.core.responses", "request_scope"),
    ("ministack.core.router", "SERVICE_PATTERNS"),
    ("ministack.core.router", "detect_service"),
    ("ministack.core.router", "extract_access_key_id"),
    ("ministack.services.cloudformation.provisioners", "_RESOURCE_HANDLERS"),
    ("ministack.services.cloudformation.provisioners", "_sfn_definition"),
    ("ministack.services.cloudformation.stacks", "_runs_on_worker_thread"),
    ("ministack.services.cloudwatch", "record_metric"),
    ("ministack.services.cloudwatch_logs", "_append_log_events"),
    ("ministack.services.eventbridge", "_dispatch_event"),
    ("ministack.services.eventbridge", "_dispatch_to_event_bus"),
    ("ministack.services.eventbridge", "_dispatch_to_sqs"),
    ("ministack.services.eventbridge", "_invoke_target"),
    ("ministack.services.eventbridge", "_pattern_event_view"),
    ("ministack.services.eventbridge", "_put_events"),
    ("ministack.services.eventbridge", "_target_matches_request_scope"),
    ("ministack.services.kms", "_resolve_key"),
    ("ministack.services.lambda_svc", "_emit_lambda_logs"),
    ("ministack.services.lambda_svc", "_execute_function_warm"),
    ("ministack.services.lambda_svc", "_get_func_record_for_ref"),
    ("ministack.services.sns", "_fanout"),
    ("ministack.services.sns", "_matches_filter_policy"),
    ("ministack.services.sns", "_resolve_message_for_protocol"),
    ("ministack.services.sns", "_topic_by_arn_any_scope"),
    ("ministack.services.sns", "_topics"),
    ("ministack.services.sqs", "_queue_by_arn"),
    ("ministack.services.stepfunctions", "_ExecutionError"),
    ("ministack.services.stepfunctions", "_call_lambda"),
    ("ministack.services.stepfunctions", "_executions"),
    ("ministack.services.stepfunctions", "_run_distributed_map"),
    ("ministack.services.stepfunctions", "_run_execution"),
    ("ministack.services.stepfunctions", "_state_machines"),
)

# Services that moto answers instead of ministack, beside EC2, by the names that signatures have.
OF_MOTO = ("route53", "route53profiles", "route53resolver", "servicequotas")

# Service Authorization Reference, list_amazonroute53resolver.html: what reads of DNS Firewall name.
RESOLVER_RESOURCES = {"FirewallRuleGroupId": "firewall-rule-group", "FirewallDomainListId": "firewall-domain-list"}

# What a function may inherit; all else of the server's environment is none of its business.
INHERITED = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")


class EmulatorError(RuntimeError):
    """An emulator is not the one that the patches were written for."""


def check() -> None:
    """Refuse to start with anything but what was patched."""
    wrong = [
        f"{name} {wanted} is required, found {found}"
        for name, wanted in VERSIONS.items()
        if (found := importlib.metadata.version(name)) != wanted
    ]
    wrong += [f"{module}.{name} is gone" for module, name in PRIVATE if not _is_there(module, name)]
    if wrong:
        raise EmulatorError(f"embedded AWS: {'; '.join(wrong)}")


def apply(*, runtimes: Mapping[str, str], iam: bool) -> None:
    """All patches; once in a process."""
    ec2_is_authorized_elsewhere()
    services_of_moto_are_known()
    functions_run_on_their_own_python(runtimes)
    functions_see_their_own_environment()
    errors_carry_their_class()
    embedded_metrics_become_metrics()
    buses_reach_other_places()
    rule_targets_can_fail(iam=iam)
    definitions_may_be_yaml()
    topics_are_closed_and_keep_their_key()
    loopback_counts_as_tls()
    if iam:
        roles.install()


def loopback_counts_as_tls() -> None:
    """Nobody listens in on this machine; a policy that wants TLS, as ours do, would else refuse every call."""
    _module("ministack.core.iam_evaluator")._request_origin = _SecureOrigin()


class _SecureOrigin:
    """Stands for ministack's context variable of (source address, whether the transport is secure)."""

    def get(self) -> tuple[str, bool]:
        return "127.0.0.1", True

    def set(self, _origin: tuple[str, bool]) -> None:
        """Every call comes from this machine."""


def ec2_is_authorized_elsewhere() -> None:
    """Of an EC2 call, ministack asks IAM about one resource, and of its own EC2; we ask about all of moto's."""
    actions = _module("ministack.core.iam_actions")
    original = actions.extract_iam_action

    def extract_iam_action(service: str, *arguments: Any, **named: Any) -> Any:
        return None if service == "ec2" else original(service, *arguments, **named)

    actions.extract_iam_action = extract_iam_action


def services_of_moto_are_known() -> None:
    """What ministack does not know, it lets pass; AWS asks about each call by the name of its action."""
    actions = _module("ministack.core.iam_actions")
    for service in OF_MOTO:
        # Else ministack looks through all models of botocore, which takes longer than clients wait.
        _module("ministack.core.router").SERVICE_PATTERNS.setdefault(service, {})
        actions.SERVICE_TO_IAM_NAMESPACE[service] = service
        if service != "route53":
            actions._DENIED_CODES[service] = "AccessDeniedException"
    actions._BOTOCORE_SERVICE_MAP["route53profiles"] = ["route53profiles"]
    original = actions.extract_resource_arn

    def extract_resource_arn(service: str, *request: Any) -> Any:
        if service != "route53resolver":
            return original(service, *request)
        _method, _path, _headers, body, _query, region, account = request
        asked = json.loads(body or b"{}")
        for parameter, kind in RESOLVER_RESOURCES.items():
            if parameter in asked:
                return f"arn:aws:route53resolver:{region}:{account}:{kind}/{asked[parameter]}"
        return "*"

    actions.extract_resource_arn = extract_resource_arn


def functions_run_on_their_own_python(runtimes: Mapping[str, str]) -> None:
    """On ministack's own interpreter, a library that the layer lacks would be found all the same."""
    runtime = _module("ministack.core.lambda_runtime")
    original = runtime._detect_runtime_binary

    def detect(name: str) -> tuple[str, str]:
        binary, script = original(name)
        if not runtimes:
            return binary, script
        if name not in runtimes:
            raise RuntimeError(f"embedded AWS: no interpreter was given for the runtime {name}")
        return runtimes[name], script

    runtime._detect_runtime_binary = detect


def functions_see_their_own_environment() -> None:
    """The server's whole environment, which ministack hands to functions, is none of their business."""
    runtime = _module("ministack.core.lambda_runtime")
    original: ModuleType = runtime.subprocess

    def start(command: list[str], *, env: Mapping[str, str], **named: Any) -> Any:
        own = {
            name: value
            for name, value in env.items()
            if name in INHERITED or name.startswith("AWS_") or os.environ.get(name) != value
        }
        return original.Popen(command, env=own, **named)

    class Subprocess(ModuleType):
        Popen = staticmethod(start)

        def __getattr__(self, name: str) -> Any:
            return getattr(original, name)

    runtime.subprocess = Subprocess("subprocess")


class RaisedText(str):
    """A function's error message that remembers what was raised."""

    __slots__ = ("kind", "trace")
    kind: str
    trace: list[str]


def errors_carry_their_class() -> None:
    """A raised exception is reported with its class, as on Lambda, so that Catch and Retry can name it."""
    runtime = _module("ministack.core.lambda_runtime")
    functions = _module("ministack.services.lambda_svc")
    said = '"error": str(e), "trace": traceback.format_exc()'
    if runtime._PYTHON_WORKER_SCRIPT.count(said) != 1:
        raise EmulatorError("embedded AWS: ministack's Python worker has changed")
    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(
        said, f'{said}, "errorType": type(e).__name__'
    )
    invoke, execute = runtime.Worker.invoke, functions._execute_function_warm

    def invoke_and_remember(self: Any, *arguments: Any, **named: Any) -> Any:
        result = invoke(self, *arguments, **named)
        if "errorType" in result:
            text = RaisedText(result["error"])
            text.kind, text.trace = result["errorType"], result["trace"].splitlines()[1:-1]
            result["error"] = text
        return result

    def execute_and_tell(function: Any, event: Any, request_id: str) -> Any:
        result = execute(function, event, request_id)
        body = result.get("body")
        text = body.get("errorMessage") if result.get("error") and isinstance(body, dict) else None
        if isinstance(text, RaisedText):
            result["body"] = {
                "errorMessage": str(text),
                "errorType": text.kind,
                "requestId": request_id,
                "stackTrace": text.trace,
            }
        return result

    runtime.Worker.invoke = invoke_and_remember
    functions._execute_function_warm = execute_and_tell


def embedded_metrics_become_metrics() -> None:
    """Log lines in the Embedded Metric Format become CloudWatch metrics; ministack keeps the lines only."""
    logs, metrics = _module("ministack.services.cloudwatch_logs"), _module("ministack.services.cloudwatch")
    original = logs._append_log_events

    def append(stream: Any, events: list[dict[str, Any]]) -> None:
        original(stream, events)
        for event in events:
            for namespace, name, value, unit, dimensions in _embedded_metrics(event.get("message", "")):
                metrics.record_metric(namespace, name, value, unit, dimensions)

    logs._append_log_events = append


def _embedded_metrics(line: str) -> list[tuple[str, str, float, str, dict[str, str]]]:
    if '"_aws"' not in line:
        return []
    try:
        document = json.loads(line[line.index("{") :])
    except ValueError:
        return []  # a log line that only mentions "_aws"
    return [
        (directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), {k: str(document[k]) for k in keys})
        for directive in document["_aws"].get("CloudWatchMetrics", [])
        for keys in directive.get("Dimensions") or [[]]
        for metric in directive.get("Metrics", [])
        for value in _values(document.get(metric["Name"], []))
    ]


def _values(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


def buses_reach_other_places() -> None:
    """A rule can send to a bus of another account or region; the event keeps its sender's."""
    bridge, responses = _module("ministack.services.eventbridge"), _module("ministack.core.responses")
    in_scope, to_bus = bridge._target_matches_request_scope, bridge._dispatch_to_event_bus

    def matches(target: Any) -> bool:
        return target.service == "events" or bool(in_scope(target))

    def dispatch(target: Any, event: Any, rule: Any, path: Any, payload: Any = None) -> None:
        here = (responses.get_account_id(), responses.get_region())
        if (target.account_id, target.region) == here:
            to_bus(target, event, rule, path, payload)
            return
        bus = target.resource.split("/", 1)[1]
        forwarded = {**event, "EventBusName": bus, "_DispatchPath": [*path, (*here, rule.get("Name"))]}
        with responses.request_scope(target.account_id, target.region):
            contextvars.copy_context().run(bridge._dispatch_event, forwarded)

    bridge._target_matches_request_scope = matches
    bridge._dispatch_to_event_bus = dispatch


def rule_targets_can_fail(*, iam: bool) -> None:
    """What a role or a queue's policy forbids is not delivered, but goes to the target's dead-letter queue."""
    bridge, queues = _module("ministack.services.eventbridge"), _module("ministack.services.sqs")
    invoke, send = bridge._invoke_target, bridge._dispatch_to_sqs
    under_way: contextvars.ContextVar[tuple[Any, Any]] = contextvars.ContextVar("under_way", default=({}, {}))

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        token = under_way.set((target, rule))
        try:
            if iam and (reason := roles.undeliverable(target)):
                payload = json.dumps((view or bridge._pattern_event_view(event)).event_with_detail())
                bury(payload, {}, Refusal(code="NO_PERMISSIONS", message=reason))
            else:
                invoke(target, event, rule, view)
        finally:
            under_way.reset(token)

    def to_sqs(arn: Any, payload: str, parameters: Any = None) -> None:
        target, rule = under_way.get()
        refusal = _refusal(queues._queue_by_arn(str(arn)), str(arn), target, rule, parameters or {})
        if refusal is None:
            send(arn, payload, parameters)
        else:
            bury(payload, parameters, refusal)

    def bury(payload: str, parameters: Any, refusal: Refusal) -> None:
        target, rule = under_way.get()
        log.warning("%s delivers nothing to %s: %s", rule.get("Arn"), target.get("Arn"), refusal.message)
        arn = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        dead_letters = queues._queue_by_arn(arn)
        if dead_letters is None or _refusal(dead_letters, arn, {}, rule, parameters or {}):
            return  # lost, as on AWS
        send(_module("ministack.core.arn").parse_arn(arn), payload, parameters)
        told = {
            "RULE_ARN": rule.get("Arn", ""),
            "TARGET_ARN": target.get("Arn", ""),
            "ERROR_CODE": refusal.code,
            "ERROR_MESSAGE": refusal.message,
        }
        dead_letters["messages"][-1]["message_attributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in told.items()
        }

    bridge._invoke_target = invoke_target
    bridge._dispatch_to_sqs = to_sqs


@dataclass(frozen=True, kw_only=True)
class Refusal:
    code: str
    message: str


def _refusal(
    queue: Any, arn: str, target: Mapping[str, Any], rule: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Refusal | None:
    """Why EventBridge cannot send to a queue for this rule; None if it can."""
    evaluator = _module("ministack.core.iam_evaluator")
    if queue is None:
        return Refusal(code="NO_RESOURCE", message="The specified queue does not exist.")
    attributes = queue["attributes"]
    if queue.get("is_fifo") and not parameters.get("MessageGroupId"):
        return Refusal(code="INVALID_PARAMETER", message="A FIFO queue needs a MessageGroupId.")
    if queue.get("is_fifo") and attributes.get("ContentBasedDeduplication") != "true":
        return Refusal(code="INVALID_PARAMETER", message="A FIFO queue needs ContentBasedDeduplication.")
    if target.get("RoleArn"):
        return None  # a role delivers, not the service
    asked = evaluator.EvalContext(
        principal_arn="events.amazonaws.com",
        principal_type="Service",
        principal_account="",
        action="sqs:SendMessage",
        resource_arn=arn,
        region=arn.split(":")[3],
        service_context={
            "aws:sourcearn": rule.get("Arn", ""),
            "aws:sourceaccount": rule.get("Arn", ":::::").split(":")[4],
        },
    )
    answer = evaluator.evaluate_resource_policy(attributes.get("Policy"), asked, service="events.amazonaws.com")
    if answer.decision == "Allow":
        return None
    return Refusal(code="NO_PERMISSIONS", message=f"The policy of {arn} does not let events.amazonaws.com send to it.")


def definitions_may_be_yaml() -> None:
    """A state machine's definition in S3 may be YAML, as CloudFormation documents; ministack reads JSON only."""
    provisioners = _module("ministack.services.cloudformation.provisioners")
    original = provisioners._sfn_definition

    def definition(properties: Mapping[str, Any]) -> str:
        text = str(original(properties))
        return text if text.lstrip().startswith("{") else json.dumps(yaml.safe_load(text))

    provisioners._sfn_definition = definition


def topics_are_closed_and_keep_their_key() -> None:
    """A template's KmsMasterKeyId is forgotten by ministack, and its topics are open to everybody."""
    handlers = _module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS["AWS::SNS::Topic"]
    topics = _module("ministack.services.sns")
    create, update = handlers["create"], handlers["update"]

    def keep(made: Any, properties: Mapping[str, Any]) -> Any:
        attributes = topics._topics[made[0]]["attributes"]
        policy = json.loads(attributes["Policy"])
        if policy.get("Id") == "__default_policy_ID":  # AWS's own has this condition
            policy["Statement"][0]["Condition"] = {"StringEquals": {"AWS:SourceOwner": attributes["Owner"]}}
            attributes["Policy"] = json.dumps(policy)
        attributes.pop("KmsMasterKeyId", None)
        if key := properties.get("KmsMasterKeyId"):
            attributes["KmsMasterKeyId"] = key
        return made

    handlers["create"] = lambda logical_id, new, stack: keep(create(logical_id, new, stack), new)
    handlers["update"] = lambda made, old, new, *rest: keep(update(made, old, new, *rest), new)


def mail_is_kept(deliver: Callable[[Mail], None]) -> None:
    """Subscriptions by mail get their messages; ministack drops them."""
    topics = _module("ministack.services.sns")
    original = topics._fanout

    def fanout(topic: str, number: str, message: str, subject: str, *rest: Any, **named: Any) -> None:
        original(topic, number, message, subject, *rest, **named)
        structure, attributes, *_ = (*rest, "", {})
        found = topics._topic_by_arn_any_scope(topic) or {"subscriptions": []}
        for subscription in found["subscriptions"]:
            if subscription["protocol"] not in ("email", "email-json"):
                continue
            text = topics._resolve_message_for_protocol(message, structure, subscription["protocol"])
            if topics._matches_filter_policy(subscription, attributes or {}, text):
                shown = subject or "AWS Notification Message"
                to = subscription["endpoint"]
                deliver(Mail(time=time.time(), topic=topic, to=to, subject=shown, text=text))

    topics._fanout = fanout


def stop_functions() -> None:
    """End the processes of all functions and remove their files."""
    _module("ministack.core.lambda_runtime").reset()


def _is_there(module: str, name: str) -> bool:
    try:
        return hasattr(_module(module), name)
    except ImportError:
        return False


def _module(name: str) -> Any:
    return importlib.import_module(name)
