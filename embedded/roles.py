"""What may AWS do in the name of a role?

A state machine invokes functions, a schedule starts executions, Lambda reads queues and writes logs, each as the role
that it was given, and SNS asks KMS as whoever publishes. ministack checks the calls that come over HTTP only; with IAM
enforced, these are checked too.
"""

import contextvars
import importlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

log = logging.getLogger("embedded")

READING_A_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
USING_A_KEY = ("kms:GenerateDataKey", "kms:Decrypt")

# What delivering to a target is called.
DELIVERING = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}


def install() -> None:
    """Have every role asked."""
    state_machines_invoke_as_their_role()
    event_sources_read_as_the_functions_role()
    functions_log_as_their_role()


def denial(role_arn: str, action: str, resource: str, *, session: str = "embedded") -> str | None:
    """Why a role may not; None if it may."""
    evaluator = _module("ministack.core.iam_evaluator")
    _arn, _aws, _iam, _region, account, path = role_arn.split(":", 5)
    name = path.rsplit("/", 1)[-1]
    who = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    asked = evaluator.EvalContext(
        principal_arn=who,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=_module("ministack.core.responses").get_region(),
    )
    decision = evaluator.evaluate(asked, evaluator._gather_role_policies(name, account)).decision
    if decision == "Allow":
        return None
    told = _module("ministack.core.iam_actions").identity_denial_message(action, who, resource, decision == "Deny")
    return str(told)


def state_machines_invoke_as_their_role() -> None:
    """A task that its state machine's role may not do fails; a distributed map starts executions of its own machine."""
    machines = _module("ministack.services.stepfunctions")
    run, call, distribute = machines._run_execution, machines._call_lambda, machines._run_distributed_map
    role: contextvars.ContextVar[str] = contextvars.ContextVar("role", default="")

    def run_execution(execution_arn: str) -> None:
        execution = machines._executions.get(execution_arn) or {}
        machine = machines._state_machines.get(execution.get("stateMachineArn", "")) or {}
        role.set(machine.get("roleArn", ""))  # an execution has a thread of its own
        run(execution_arn)

    def call_lambda(reference: str, event: Any) -> Any:
        _function, config, _name = _module("ministack.services.lambda_svc")._get_func_record_for_ref(reference)
        if config and (reason := denial(role.get(), "lambda:InvokeFunction", config["FunctionArn"])):
            raise machines._ExecutionError("Lambda.AWSLambdaException", f"{reason} (Service: Lambda, Status Code: 403)")
        return call(reference, event)

    def run_distributed_map(*arguments: Any) -> Any:
        execution = arguments[4]
        if reason := denial(role.get(), "states:StartExecution", execution["stateMachineArn"]):
            raise machines._ExecutionError("States.Permissions", reason)
        return distribute(*arguments)

    machines._run_execution = run_execution
    machines._call_lambda = call_lambda
    machines._run_distributed_map = run_distributed_map


def event_sources_read_as_the_functions_role() -> None:
    """A mapping from a queue that the function's role may not read cannot be made."""
    handlers = _module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS
    mapping = handlers["AWS::Lambda::EventSourceMapping"]
    create: Callable[..., Any] = mapping["create"]

    def create_mapping(logical_id: str, properties: Mapping[str, Any], stack: str) -> Any:
        source = properties.get("EventSourceArn", "")
        functions = _module("ministack.services.lambda_svc")
        _function, config, _name = functions._get_func_record_for_ref(properties.get("FunctionName", ""))
        for action in READING_A_QUEUE if config and ":sqs:" in source else ():
            if denial(config["Role"], action, source):
                call = action.removeprefix("sqs:")
                raise ValueError(f"The provided execution role does not have permissions to call {call} on SQS")
        return create(logical_id, properties, stack)

    mapping["create"] = create_mapping


def functions_log_as_their_role() -> None:
    """Lines that a function's role may not write are lost without a word."""
    functions = _module("ministack.services.lambda_svc")
    emit = functions._emit_lambda_logs

    def emit_logs(function: Any, *arguments: Any, **named: Any) -> None:
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        _arn, _aws, _lambda, region, account, _name = config["FunctionArn"].split(":", 5)
        where = f"arn:aws:logs:{region}:{account}:log-group:{group}"
        for action, resource in (
            ("logs:CreateLogStream", f"{where}:log-stream:embedded"),
            ("logs:PutLogEvents", f"{where}:log-stream:embedded"),
        ):
            if reason := denial(config["Role"], action, resource):
                log.warning("Lambda: log lines of %s are lost: %s", config["FunctionName"], reason)
                return
        emit(function, *arguments, **named)

    functions._emit_lambda_logs = emit_logs


def undeliverable(target: Mapping[str, Any]) -> str | None:
    """Why the role of a rule's or schedule's target may not deliver to it; None if it may, or there is no role."""
    role, arn = target.get("RoleArn"), target.get("Arn", "")
    service = arn.split(":")[2] if arn.count(":") > 4 else ""  # noqa: PLR2004 -- the parts of an ARN
    return denial(role, DELIVERING.get(service, "states:StartExecution"), arn) if role else None


def key_denial(topic_arn: str, access_key: str, region: str) -> str | None:
    """Why a publisher may not use the key of an encrypted topic; None if it may, or the key is AWS's.

    The key's policy is taken to leave the question to IAM, by naming the account's root.
    """
    topics, keys = _module("ministack.services.sns"), _module("ministack.services.kms")
    topic = topics._topics.get(topic_arn) or {}
    named = (topic.get("attributes") or {}).get("KmsMasterKeyId", "")
    if not named or named.startswith("alias/aws/"):
        return None
    key = keys._resolve_key(named)
    if key is None:
        return f"Key {named} does not exist"
    for action in USING_A_KEY:
        denied = _module("ministack.core.iam_evaluator").enforce(access_key, action, "", region, key["Arn"])
        if denied is not None:
            return f"The caller may not {action} with {key['Arn']}"
    return None


def _module(name: str) -> Any:
    return importlib.import_module(name)
