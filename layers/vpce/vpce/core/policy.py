"""What does an endpoint policy let through?

An endpoint policy is an IAM resource policy on the endpoint: a request passes if a statement allows it and none denies
it. Who asks is not known here, nor most of what conditions look at, so an answer may be "some".

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vpce.core.lent import agent_updates, image_layers, linux_packages, partition_of, patch_baselines

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping


ANY = "any"


class PolicyError(ValueError):
    """A policy that nobody can understand; the message says where."""


class Passes(StrEnum):
    YES = "yes"
    SOME = "some"
    """It depends on who asks, or on what else a condition looks at."""
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A request that a service's clients make."""

    action: str
    """``ecr:BatchGetImage``; ``sqs:*`` for anything at all of a service; or `ANY`."""
    resource: str = ANY
    """An ARN; ``*`` where the action knows no resources; `ANY` for whichever it is."""
    is_awss: bool = False
    """The resource belongs to AWS: conditions on the resource's account or organisation do not hold for it."""
    why: str = ""
    context: Mapping[str, str] | None = None
    """Condition keys (lower case) and values, where all are known: what is not here, the request has not."""

    def __str__(self) -> str:
        return f"{self.action}{'' if self.resource == ANY else f' on {self.resource}'} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    allows: bool
    principals: tuple[str, ...]
    """``*`` for everybody; accounts, roles and users by id or ARN, others with their kind before (``Service:…``)."""
    actions: tuple[str, ...]
    actions_are_excluded: bool
    resources: tuple[str, ...]
    resources_are_excluded: bool
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Operator → key, lower case → values."""
    principals_are_excluded: bool = False

    def applies(self, need: Need) -> Passes:
        """Whether the statement speaks of the request: surely, perhaps, or not."""
        parts = [
            _speaks_of(need.action, self.actions, excluded=self.actions_are_excluded),
            _speaks_of(need.resource, self.resources, excluded=self.resources_are_excluded),
            Passes.YES if "*" in self.principals and not self.principals_are_excluded else Passes.SOME,
            *(_holds(o, k, v, need) for o, keys in self.conditions.items() for k, v in keys.items()),
        ]
        if Passes.NO in parts:
            return Passes.NO
        return Passes.SOME if Passes.SOME in parts else Passes.YES

    @property
    def meaning(self) -> Hashable:
        return (
            self.allows,
            (self.principals_are_excluded, frozenset(_ROOT.sub(r"\1", p) for p in self.principals)),
            (self.actions_are_excluded, frozenset(a.lower() for a in self.actions)),
            (self.resources_are_excluded, frozenset(self.resources)),
            frozenset((o, k, frozenset(v)) for o, keys in self.conditions.items() for k, v in keys.items()),
        )


_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
"""An account by its ARN; its id says the same.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    statements: tuple[Statement, ...]
    has_variables: bool = False
    """``${…}`` in it stands for something: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"""

    @property
    def is_open(self) -> bool:
        """Everybody may do everything: the policy that AWS gives an endpoint without one."""
        return any(
            s.allows
            and s.actions == s.resources == ("*",)
            and not s.actions_are_excluded
            and not s.resources_are_excluded
            and "*" in s.principals
            and not s.principals_are_excluded
            and not s.conditions
            for s in self.statements
        ) and all(s.allows for s in self.statements)

    @property
    def meaning(self) -> Hashable:
        """Equal for policies that say the same. EC2 is free to give one back in another order and spelling."""
        return self.has_variables, frozenset(s.meaning for s in self.statements)

    def passes(self, need: Need) -> Passes:
        """Whether a request gets through the endpoint, as far as can be told without knowing who asks."""
        allowed = [s.applies(need) for s in self.statements if s.allows]
        denied = [s.applies(need) for s in self.statements if not s.allows]
        if Passes.YES in denied or not {Passes.YES, Passes.SOME} & set(allowed):
            return Passes.NO
        return Passes.YES if Passes.YES in allowed and Passes.SOME not in denied else Passes.SOME


OPEN = Policy(
    statements=(
        Statement(
            allows=True,
            principals=("*",),
            actions=("*",),
            actions_are_excluded=False,
            resources=("*",),
            resources_are_excluded=False,
            conditions={},
        ),
    )
)


def same_policy(one: str, other: str) -> bool:
    """Whether two documents say the same, in whatever order and spelling; one that is none says nothing else says."""
    try:
        return read_policy(one).meaning == read_policy(other).meaning
    except PolicyError:
        return one == other


_ELEMENTS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"""
_VERSION, _VERSIONS = "2012-10-17", ("2008-10-17", "2012-10-17")


@lru_cache(maxsize=256)
def read_policy(text: str) -> Policy:
    """A policy document; an empty text is AWS's open one.

    Raises:
        PolicyError: it is no policy.

    """
    if not text.strip():
        return OPEN
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except PolicyError:
        raise
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"it is no JSON: {error}") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("it has no Statement")
    _know(document, ("Version", "Id", "Statement"), "it")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError(f"it has the Version {version!r}, not {_VERSION}")
    return Policy(
        statements=tuple(
            _statement(s, f"statement {n}") for n, s in enumerate(_listed(document["Statement"]), start=1)
        ),
        has_variables=version == _VERSION and "${" in text,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two conditions by one name, Python would drop the first without a word."""
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PolicyError(f"it says {', '.join(twice)} twice in one place")
    return dict(pairs)


def _know(raw: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """A misspelt Condition that nobody minds would be no condition."""
    if unknown := sorted({*raw} - {*known}):
        raise PolicyError(f"{where} has the unknown {', '.join(unknown)}")


def _statement(raw: Any, where: str) -> Statement:
    if not isinstance(raw, dict):
        raise PolicyError(f"{where} is no object")
    _know(raw, _ELEMENTS, where)
    if raw.get("Effect") not in {"Allow", "Deny"}:
        raise PolicyError(f"{where} has the Effect {raw.get('Effect')!r}, not Allow or Deny")
    actions, not_actions = _one_of(raw, "Action", where)
    resources, not_resources = _one_of(raw, "Resource", where)
    principals, not_principals = _one_of(raw, "Principal", where)
    return Statement(
        allows=raw["Effect"] == "Allow",
        principals=principals,
        principals_are_excluded=not_principals,
        actions=actions,
        actions_are_excluded=not_actions,
        resources=resources,
        resources_are_excluded=not_resources,
        conditions=_conditions(raw.get("Condition", {}), where),
    )


def _one_of(raw: Mapping[str, Any], key: str, where: str) -> tuple[tuple[str, ...], bool]:
    """``Action`` or ``NotAction``: its texts, and whether it is the latter."""
    found = [k for k in (key, f"Not{key}") if k in raw]
    if len(found) != 1:
        raise PolicyError(f"{where} needs one of {key} and Not{key}")
    value = raw[found[0]]
    if key == "Principal" and isinstance(value, dict):
        value = [t if kind in {"AWS", "*"} else f"{kind}:{t}" for kind, v in value.items() for t in _listed(v)]
    return _texts(value, f"{where}'s {found[0]}"), found[0] != key


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: Any, where: str) -> tuple[str, ...]:
    values = _listed(value)
    if not all(isinstance(v, str) for v in values):
        raise PolicyError(f"{where} is no text")
    return tuple(values)


def _conditions(raw: Any, where: str) -> dict[str, dict[str, tuple[str, ...]]]:
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise PolicyError(f"{where}'s Condition is no object of objects")
    return {
        operator: {
            key.lower(): tuple(v if isinstance(v, str) else json.dumps(v) for v in _listed(value))
            for key, value in keys.items()
        }
        for operator, keys in raw.items()
    }


_OWNERS_OF_RESOURCES = frozenset(
    {"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "s3:resourceaccount"}
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""


def _holds(operator: str, key: str, values: tuple[str, ...], need: Need) -> Passes:
    """Whether a condition holds. Else known only of who owns AWS's own resources: nobody that a policy would name."""
    if need.context is not None:
        return _holds_in(need.context, operator, key, values)
    if not need.is_awss or key not in _OWNERS_OF_RESOURCES or any(v == "*" for v in values):
        return Passes.SOME
    plain = operator.lower().rpartition(":")[2].removesuffix("ifexists")
    if plain in {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}:
        return Passes.NO
    if plain in {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"}:
        return Passes.YES
    return Passes.SOME


def _holds_in(context: Mapping[str, str], operator: str, key: str, values: tuple[str, ...]) -> Passes:
    """Where all that conditions look at is known; of operators, those that people use on who asks whom for what.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    plain = operator.lower().removesuffix("ifexists")
    is_negated, value = "not" in plain, context.get(key)
    if plain == "null":
        return Passes.YES if (value is None) is ("true" in values) else Passes.NO
    matches = _OPERATORS.get(plain.replace("not", ""))
    if matches is None:
        return Passes.SOME
    if value is None:
        return Passes.YES if is_negated or operator.lower().endswith("ifexists") else Passes.NO
    return Passes.YES if any(matches(value, v) for v in values) is not is_negated else Passes.NO


def _speaks_of(text: str, patterns: tuple[str, ...], *, excluded: bool) -> Passes:
    """Whether patterns have a text in them; of many texts (``sqs:*``, any resource) they may have some."""
    # Actions know no case, resources do: a resource that differs in case alone is one that nobody has.
    if any(_like(text.lower(), p.lower()) for p in patterns):
        found = Passes.YES
    elif text == ANY or (text.endswith(":*") and any(_like(p.lower(), text.lower()) for p in patterns)):
        found = Passes.SOME
    else:
        found = Passes.NO
    if excluded:
        return {Passes.YES: Passes.NO, Passes.NO: Passes.YES}.get(found, found)
    return found


def _like(text: str, pattern: str) -> bool:
    """IAM's wildcards: ``*`` any run, ``?`` any one."""
    position, star, back = 0, -1, 0
    at = 0
    while at < len(text):
        if position < len(pattern) and (pattern[position] in {"?", text[at]}) and pattern[position] != "*":
            position, at = position + 1, at + 1
        elif position < len(pattern) and pattern[position] == "*":
            star, back = position, at
            position += 1
        elif star >= 0:
            position, back = star + 1, back + 1
            at = back
        else:
            return False
    return all(c == "*" for c in pattern[position:])


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "arnequals": _like,
    "arnlike": _like,
    "bool": lambda value, wanted: value.lower() == wanted.lower(),
    "stringequals": lambda value, wanted: value == wanted,
    "stringequalsignorecase": lambda value, wanted: value.lower() == wanted.lower(),
    "stringlike": _like,
}


# ---- what clients need --------------------------------------------------------------------------------------------


def needs_of(service: str, interfaces: frozenset[str], region: str) -> tuple[Need, ...]:
    """Requests through a service's endpoint without which what a VPC asks for does not work.

    Args:
        service: short name of the endpoint's service.
        interfaces: short names of the interface services that the VPC asks for or has; they tell who lives there.
        region: of the VPC.

    """
    if service == "s3":
        arn = f"arn:{partition_of(region)}:s3:::"
        return tuple(
            Need(action="s3:GetObject", resource=f"{arn}{b(region)}/*", is_awss=True, why=why)
            for user, buckets in _BUCKETS.items()
            if user in interfaces
            for b, why in buckets
        )
    if service in _NEEDS:
        return _NEEDS[service]
    prefix = _PREFIXES.get(service, service if service in _OWN_PREFIX else "")
    return (Need(action=f"{prefix}:*" if prefix else ANY, why="any call of the service"),)


_BUCKETS: Mapping[str, tuple[tuple[Callable[[str], str], str], ...]] = {
    "ecr.dkr": ((image_layers, "layers of ECR images"),),
    # Where Run Command is, instances are.
    "ec2messages": (
        (agent_updates, "SSM Agent's updates"),
        (patch_baselines, "Patch Manager's baselines"),
        (linux_packages, "packages of Amazon Linux 2023"),
    ),
}
_OWN_PREFIX = frozenset(
    {
        *("autoscaling", "bedrock", "dynamodb", "ec2", "ec2messages", "ecs", "eks", "eks-auth", "elasticloadbalancing"),
        *(
            "events",
            "execute-api",
            "glue",
            "kms",
            "lambda",
            "secretsmanager",
            "sns",
            "sqs",
            "ssm",
            "states",
            "sts",
            "xray",
        ),
    }
)
"""Services whose actions begin with the name of their endpoint."""
_PREFIXES: Mapping[str, str] = {
    # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    "monitoring": "cloudwatch",
    "ecs-agent": "ecs",
    "ecs-telemetry": "ecs",
    "kinesis-streams": "kinesis",
    "kinesis-firehose": "firehose",
    "bedrock-runtime": "bedrock",
}
_NEEDS: Mapping[str, tuple[Need, ...]] = {
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    "ecr.api": (Need(action="ecr:GetAuthorizationToken", resource="*", why="logging in to ECR"),),
    "ecr.dkr": (
        Need(action="ecr:BatchGetImage", why="pulling images"),
        Need(action="ecr:GetDownloadUrlForLayer", why="pulling images"),
    ),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch-logs-and-interface-VPC.html
    "logs": (
        Need(action="logs:CreateLogStream", why="writing logs"),
        Need(action="logs:PutLogEvents", why="writing logs"),
    ),
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    "ssmmessages": (Need(action="ssmmessages:OpenDataChannel", resource="*", why="Session Manager and ECS Exec"),),
}
