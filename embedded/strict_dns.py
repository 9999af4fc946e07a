"""What of the DNS around endpoints does moto lack, or do otherwise than AWS?

DNS Firewall and Route 53 Profiles are made here; hosted zones, Resolver rules and quotas are moto's, made strict.
`install()` patches moto in this process, once, beside `strict_ec2.install()`, whose behaviour holds here too. What is
made lives in moto's Resolver backend, and goes when moto forgets.

Sharing by RAM is not played: of other accounts' things, only Profiles are seen, since a VPC is of no use without them.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from moto import backend_index
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.route53.models import Route53Backend, route53_backends
from moto.route53.responses import Route53
from moto.route53resolver import urls
from moto.route53resolver.models import Route53ResolverBackend, route53resolver_backends
from moto.route53resolver.responses import Route53ResolverResponse
from moto.servicequotas.responses import ServiceQuotasResponse

from embedded import strict_ec2
from embedded.strict_ec2_answers import page
from embedded.strict_ec2_behaviour import DNS_REQUESTS, LOCK, Bucket, present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PROFILES_URL = r"https?://route53profiles\.(.+)\.amazonaws\.com"
LOWEST_PRIORITY, HIGHEST_PRIORITY = 100, 9900  # of rule groups, both excluded: Resolver AssociateFirewallRuleGroup
PAGE, DOMAINS_PAGE = 100, 5000
QUOTAS = {"L-29B6F2EB": "interface_quota", "L-1B52E74A": "gateway_quota"}  # PL vpc-limits-endpoints.html
MANAGED = ("AWSManagedDomainsMalwareDomainList", "AWSManagedDomainsAggregateThreatList")
INTERNET_RULE = "rslvr-autodefined-rr-internet-resolver"
OF_A_PROFILE = re.compile(
    r"arn:[^:]+:(route53:::hostedzone"
    r"|route53resolver:[^:]+:\d{12}:(resolver-rule|firewall-rule-group|resolver-query-log-config)"
    r"|ec2:[^:]+:\d{12}:vpc-endpoint)/\S+"
)


def install() -> None:
    """Makes moto's DNS strict and whole. A second call does nothing."""
    with LOCK:
        strict_ec2.require_pinned_moto(NEEDED)
        strict_ec2.apply(PATCHES)
        if PROFILES_URL not in urls.url_bases:
            # Profiles have no module of moto's own, so they are served by Resolver's.
            urls.url_bases.append(PROFILES_URL)
            urls.url_paths["{0}/(?P<path>profile.*)$"] = Profiles.dispatch
            backend_index.backend_url_patterns.append(("route53resolver", re.compile(PROFILES_URL)))


# ---- what is there ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Things:
    """What one account has made in one Region, as AWS describes it."""

    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    domains: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    group_associations: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    profile_associations: list[dict[str, Any]] = field(default_factory=list)
    profile_resources: list[dict[str, Any]] = field(default_factory=list)


_NUMBERS = count(1)


def _new_id(prefix: str) -> str:
    return f"{prefix}-{next(_NUMBERS):013x}"


def _things(response: BaseResponse) -> Things:
    """Moto's reset empties the backend, and with it these."""
    backend = route53resolver_backends[response.current_account][response.region]
    things: Things = backend.__dict__.setdefault("strict_dns", Things())
    return things


class RefusedError(ServiceException):  # type: ignore[misc]  # moto is untyped here
    """What AWS would answer; its module is not moto's, so each service looks the code up in its own model."""


def _refusal(code: str, message: str) -> Exception:
    error: Exception = RefusedError(code, message)
    return error


def _not_found(what: str, name: str) -> Exception:
    return _refusal("ResourceNotFoundException", f"[RSLVR-00703] {what} with ID '{name}' does not exist.")


def _invalid(message: str) -> Exception:
    return _refusal("ValidationException", f"[RSLVR-02017] {message}")


def _page(response: BaseResponse, things: Sequence[Any], key: str, *, most: int = PAGE) -> ActionResult:
    """A list of 1 to `most` a page; its token is its own, so a made-up one is refused."""
    size, token = response._get_param("MaxResults"), response._get_param("NextToken")
    if size is not None and not 1 <= int(size) <= most:
        raise _refusal("ValidationException", f"MaxResults must be from 1 to {most}.")
    try:
        shown, following = page(list(things), min(int(size or most), present().page_size), token)
    except Exception as error:
        raise _refusal("InvalidNextTokenException", "Invalid value passed for the NextToken parameter") from error
    return ActionResult({key: shown, "NextToken": following})


def _vpc(response: BaseResponse, vpc_id: str) -> str:
    if vpc_id not in ec2_backends[response.current_account][response.region].vpcs:
        raise _not_found("VPC", vpc_id)
    return vpc_id


def _asked(response: BaseResponse) -> dict[str, Any]:
    """The request, without what is not said; the model's own checks are botocore's."""
    asked = response.params if response.automated_parameter_parsing else json.loads(response.body or "{}")
    return {key: value for key, value in asked.items() if value is not None}


def _arn(response: BaseResponse, service: str, what: str) -> str:
    return f"arn:aws:{service}:{response.region}:{response.current_account}:{what}"


# ---- DNS Firewall -------------------------------------------------------------------------------------------------


def create_firewall_domain_list(response: Any) -> ActionResult:
    asked, list_id = _asked(response), _new_id("rslvr-fdl")
    arn = _arn(response, "route53resolver", f"firewall-domain-list/{list_id}")
    made = {"Id": list_id, "Arn": arn, "Name": asked["Name"], "CreatorRequestId": asked["CreatorRequestId"]}
    things = _things(response)
    things.lists[list_id], things.domains[list_id] = made, []
    return ActionResult({"FirewallDomainList": {**made, "DomainCount": 0, "Status": "COMPLETE"}})


def update_firewall_domains(response: Any) -> ActionResult:
    """Resolver UpdateFirewallDomains: ADD, REMOVE or REPLACE; * only as a whole label at the start."""
    asked, things = _asked(response), _things(response)
    list_id = _known_list(response, asked["FirewallDomainListId"])
    given = [d.rstrip(".") + "." for d in asked["Domains"]]
    for domain in given:
        if "*" in domain.removeprefix("*."):
            raise _invalid(f"The domain {domain} has an asterisk that is not its first label.")
    kept = [] if asked["Operation"] == "REPLACE" else [d for d in things.domains[list_id] if d not in given]
    things.domains[list_id] = kept if asked["Operation"] == "REMOVE" else [*kept, *given]
    return ActionResult({"Id": list_id, "Name": things.lists[list_id]["Name"], "Status": "UPDATING"})


def list_firewall_domain_lists(response: Any) -> ActionResult:
    """Own lists, and those of AWS that every Region has."""
    return _page(response, [*_managed(response).values(), *_things(response).lists.values()], "FirewallDomainLists")


def list_firewall_domains(response: Any) -> ActionResult:
    """Route 53 DeveloperGuide, resolver-dns-firewall-managed-domain-lists.html: AWS's own cannot be viewed."""
    list_id = response._get_param("FirewallDomainListId")
    if list_id in _managed(response):
        raise _refusal("AccessDeniedException", f"The domains of the managed list {list_id} cannot be viewed.")
    domains = _things(response).domains[_known_list(response, list_id)]
    return _page(response, domains, "Domains", most=DOMAINS_PAGE)


def _managed(response: BaseResponse) -> dict[str, dict[str, Any]]:
    return {
        f"rslvr-fdl-managed{number}": {
            "Id": f"rslvr-fdl-managed{number}",
            "Arn": f"arn:aws:route53resolver:{response.region}:aws:firewall-domain-list/rslvr-fdl-managed{number}",
            "Name": name,
            "ManagedOwnerName": "Route 53 Resolver DNS Firewall",
        }
        for number, name in enumerate(MANAGED)
    }


def _known_list(response: BaseResponse, list_id: str) -> str:
    if list_id not in _things(response).lists:
        raise _not_found("Firewall domain list", list_id)
    return list_id


def create_firewall_rule_group(response: Any) -> ActionResult:
    asked, group_id = _asked(response), _new_id("rslvr-frg")
    arn = _arn(response, "route53resolver", f"firewall-rule-group/{group_id}")
    owner = {"OwnerId": response.current_account, "ShareStatus": "NOT_SHARED"}
    made = {"Id": group_id, "Arn": arn, "Name": asked["Name"], **owner}
    _things(response).groups[group_id] = made
    return ActionResult({"FirewallRuleGroup": {**made, "RuleCount": 0, "Status": "COMPLETE"}})


def create_firewall_rule(response: Any) -> ActionResult:
    """Resolver CreateFirewallRule: one list or protection, a response if it blocks, a priority of its own."""
    asked, things = _asked(response), _things(response)
    group_id, list_id = asked["FirewallRuleGroupId"], asked.get("FirewallDomainListId")
    _known_group(response, group_id)
    if list_id is not None and list_id not in _managed(response):
        _known_list(response, list_id)
    if (list_id is None) is ("DnsThreatProtection" not in asked):
        raise _invalid("A rule has either a domain list or a DNS threat protection.")
    if (asked["Action"] == "BLOCK") is ("BlockResponse" not in asked):
        raise _invalid("BlockResponse is required for the action BLOCK, and for no other.")
    of_group = [r for r in things.rules if r["FirewallRuleGroupId"] == group_id]
    if asked["Priority"] in [r["Priority"] for r in of_group]:
        raise _invalid(f"Priority {asked['Priority']} is in use in {group_id}.")
    things.rules.append(asked)
    return ActionResult({"FirewallRule": asked})


def list_firewall_rules(response: Any) -> ActionResult:
    group_id = response._get_param("FirewallRuleGroupId")
    _known_group(response, group_id)
    rules = [r for r in _things(response).rules if r["FirewallRuleGroupId"] == group_id]
    return _page(response, sorted(rules, key=lambda r: int(r["Priority"])), "FirewallRules")


def list_firewall_rule_groups(response: Any) -> ActionResult:
    return _page(response, list(_things(response).groups.values()), "FirewallRuleGroups")


def associate_firewall_rule_group(response: Any) -> ActionResult:
    """Resolver AssociateFirewallRuleGroup: priorities between 100 and 9900, each once in a VPC."""
    asked, things = _asked(response), _things(response)
    group_id, vpc_id, priority = asked["FirewallRuleGroupId"], _vpc(response, asked["VpcId"]), asked["Priority"]
    _known_group(response, group_id)
    if not LOWEST_PRIORITY < priority < HIGHEST_PRIORITY:
        raise _invalid(f"Priority must be between {LOWEST_PRIORITY} and {HIGHEST_PRIORITY}, both excluded.")
    of_vpc = [a for a in things.group_associations if a["VpcId"] == vpc_id]
    if priority in [a["Priority"] for a in of_vpc] or group_id in [a["FirewallRuleGroupId"] for a in of_vpc]:
        raise _refusal("ConflictException", f"{vpc_id} has the group {group_id} or the priority {priority} already.")
    association_id = _new_id("rslvr-frgassoc")
    made = {
        "Id": association_id,
        "Arn": _arn(response, "route53resolver", f"firewall-rule-group-association/{association_id}"),
        **{key: asked[key] for key in ("FirewallRuleGroupId", "VpcId", "Name", "Priority")},
        "Status": "COMPLETE",
    }
    things.group_associations.append(made)
    return ActionResult({"FirewallRuleGroupAssociation": made})


def list_firewall_rule_group_associations(response: Any) -> ActionResult:
    vpc_id = response._get_param("VpcId")
    associations = [a for a in _things(response).group_associations if vpc_id in (None, a["VpcId"])]
    return _page(response, associations, "FirewallRuleGroupAssociations")


def _known_group(response: BaseResponse, group_id: str) -> None:
    if group_id not in _things(response).groups:
        raise _not_found("Firewall rule group", group_id)


# ---- query logging: moto's, and its end ---------------------------------------------------------------------------


def disassociate_resolver_query_log_config(response: Any) -> ActionResult:
    """Resolver DisassociateResolverQueryLogConfig; here it is done at once, and AWS takes its time."""
    asked, backend = _asked(response), _query_logging(response)
    mine = (asked["ResolverQueryLogConfigId"], asked["ResourceId"])
    associations = backend.resolver_query_log_config_associations
    found = next((a for a in associations.values() if (a.resolver_query_log_config_id, a.resource_id) == mine), None)
    if found is None:
        raise _not_found("Resolver query log config association", " of ".join(mine))
    del associations[found.id]
    backend.resolver_query_log_configs[mine[0]].association_count -= 1
    return ActionResult({"ResolverQueryLogConfigAssociation": found.description() | {"Status": "DELETING"}})


def delete_resolver_query_log_config(response: Any) -> ActionResult:
    """Resolver DeleteResolverQueryLogConfig: not before every VPC is disassociated."""
    config_id, backend = _asked(response)["ResolverQueryLogConfigId"], _query_logging(response)
    if config_id not in backend.resolver_query_log_configs:
        raise _not_found("Resolver query log config", config_id)
    if backend.resolver_query_log_configs[config_id].association_count:
        raise _refusal("InvalidRequestException", f"{config_id} is associated with VPCs.")
    return ActionResult({"ResolverQueryLogConfig": backend.resolver_query_log_configs.pop(config_id).description()})


def _with_query_logging(original: Any) -> Callable[[Any, str], None]:
    """Resolver TagResource: query log configurations have tags too."""

    def matched_arn(backend: Any, resource_arn: str) -> None:
        if resource_arn not in [c.arn for c in backend.resolver_query_log_configs.values()]:
            original(backend, resource_arn)

    return matched_arn


def _query_logging(response: BaseResponse) -> Route53ResolverBackend:
    return route53resolver_backends[response.current_account][response.region]


# ---- Resolver rules: moto's, and the one that AWS defines ---------------------------------------------------------


def list_resolver_rules(response: Any) -> ActionResult:
    """Route 53 DeveloperGuide, resolver-rules-managing.html: the autodefined Internet Resolver is in every Region."""
    internet = {
        "Id": INTERNET_RULE,
        "Arn": _arn(response, "route53resolver", f"autodefined-rule/{INTERNET_RULE}"),
        "DomainName": ".",
        "Status": "COMPLETE",
        "RuleType": "RECURSIVE",
        "Name": "Internet Resolver",
        "OwnerId": "Route 53 Resolver",
        "ShareStatus": "NOT_SHARED",
    }
    made = [r.description() for r in response.route53resolver_backend.resolver_rules.values()]
    return _page(response, [internet, *made], "ResolverRules")


def list_resolver_rule_associations(response: Any) -> ActionResult:
    vpcs = ec2_backends[response.current_account][response.region].vpcs
    internet = [
        {
            "Id": f"rslvr-autodefined-assoc-{vpc}-internet-resolver",
            "ResolverRuleId": INTERNET_RULE,
            "Name": "System Rule Association",
            "VPCId": vpc,
            "Status": "COMPLETE",
        }
        for vpc in vpcs
    ]
    made = [a.description() for a in response.route53resolver_backend.resolver_rule_associations.values()]
    return _page(response, [*internet, *made], "ResolverRuleAssociations")


# ---- Route 53 Profiles --------------------------------------------------------------------------------------------


class Profiles(BaseResponse):  # type: ignore[misc]  # moto is untyped here
    """Route 53 Profiles, of which moto has nothing."""

    def __init__(self) -> None:
        super().__init__(service_name="route53profiles")
        self.automated_parameter_parsing = True

    def create_profile(self) -> ActionResult:
        asked, profile_id = _asked(self), _new_id("rp")
        made = {
            "Id": profile_id,
            "Arn": _arn(self, "route53profiles", f"profile/{profile_id}"),
            "Name": asked["Name"],
            "OwnerId": self.current_account,
            "ShareStatus": "NOT_SHARED",
            "Status": "COMPLETE",
            "CreationTime": datetime.now(UTC),
        }
        _things(self).profiles[profile_id] = made
        return ActionResult({"Profile": made})

    def associate_profile(self) -> ActionResult:
        """Profiles AssociateProfile; a VPC may have several, but the same one only once."""
        asked, things = _asked(self), _things(self)
        self._owner_of(asked["ProfileId"])
        vpc_id = _vpc(self, asked["ResourceId"])
        if (asked["ProfileId"], vpc_id) in [(a["ProfileId"], a["ResourceId"]) for a in things.profile_associations]:
            raise _refusal("ResourceExistsException", f"{vpc_id} has the Profile {asked['ProfileId']} already.")
        made = {
            "Id": _new_id("rpassoc"),
            "OwnerId": self.current_account,
            **{key: asked[key] for key in ("Name", "ProfileId", "ResourceId")},
            "Status": "COMPLETE",
        }
        things.profile_associations.append(made)
        return ActionResult({"ProfileAssociation": made})

    def associate_resource_to_profile(self) -> ActionResult:
        """Profiles AssociateResourceToProfile: zones, rules, rule groups with a priority, endpoints, query logging."""
        asked = _asked(self)
        if not OF_A_PROFILE.fullmatch(asked["ResourceArn"]):
            raise _refusal("InvalidParameterException", f"{asked['ResourceArn']} cannot be in a Profile.")
        properties = asked.get("ResourceProperties")
        if ":firewall-rule-group/" in asked["ResourceArn"] and "priority" not in json.loads(properties or "{}"):
            raise _refusal("InvalidParameterException", "A firewall rule group needs a priority.")
        made = {
            "Id": _new_id("rpr"),
            "OwnerId": self.current_account,
            **{key: asked[key] for key in ("Name", "ProfileId", "ResourceArn")},
            "ResourceProperties": properties,
            "Status": "COMPLETE",
        }
        self._owner_of(asked["ProfileId"]).profile_resources.append(made)
        return ActionResult({"ProfileResourceAssociation": made})

    def list_profiles(self) -> ActionResult:
        return _page(self, list(_things(self).profiles.values()), "ProfileSummaries")

    def list_profile_associations(self) -> ActionResult:
        asked = _asked(self)
        shown = [
            a
            for a in _things(self).profile_associations
            if asked.get("ProfileId") in (None, a["ProfileId"]) and asked.get("ResourceId") in (None, a["ResourceId"])
        ]
        return _page(self, shown, "ProfileAssociations")

    def list_profile_resource_associations(self) -> ActionResult:
        profile_id = _asked(self)["ProfileId"]
        resources = self._owner_of(profile_id).profile_resources
        return _page(self, [r for r in resources if r["ProfileId"] == profile_id], "ProfileResourceAssociations")

    def _owner_of(self, profile_id: str) -> Things:
        """Whoever made it: Profiles are shared by RAM, which is not played."""
        for regions in list(route53resolver_backends.values()):
            things: Things | None = regions[self.region].__dict__.get("strict_dns")
            if things is not None and profile_id in things.profiles:
                return things
        raise _not_found("Profile", profile_id)


# ---- hosted zones and quotas --------------------------------------------------------------------------------------


def list_hosted_zones_by_vpc(response: Any) -> ActionResult:
    """Route 53 ListHostedZonesByVPC: whoever owns them, and not what Profiles bring; 100 a page."""
    vpc_id, size = response._get_param("VPCId"), int(response._get_param("MaxItems") or PAGE)
    if not 1 <= size <= PAGE:
        raise _refusal("InvalidInput", f"MaxItems must be from 1 to {PAGE}.")
    if vpc_id not in ec2_backends[response.current_account][response._get_param("VPCRegion")].vpcs:
        raise _refusal("InvalidInput", f"The VPC {vpc_id} does not exist, or is not yours.")
    zones = [
        {"HostedZoneId": zone.id.rpartition("/")[2], "Name": zone.name, "Owner": {"OwningAccount": account}}
        for account, partitions in list(route53_backends.items())
        for backend in list(partitions.values())
        for zone in list(backend.zones.values())
        if zone.private_zone and any(vpc.get("vpc_id") == vpc_id for vpc in zone.vpcs)
    ]
    zones += _hidden_zones(response, vpc_id) if present().hidden_zones else []
    try:
        shown, following = page(zones, min(size, present().page_size), response._get_param("NextToken"))
    except Exception as error:
        raise _refusal("InvalidPaginationToken", "The value of NextToken is not valid.") from error
    return ActionResult({"HostedZoneSummaries": shown, "MaxItems": str(size), "NextToken": following})


def _hidden_zones(response: Any, vpc_id: str) -> list[dict[str, Any]]:
    """PL privatelink-access-aws-services.html: private DNS names live in a hidden private hosted zone."""
    endpoints = ec2_backends[response.current_account][response._get_param("VPCRegion")].vpc_end_points.values()
    return [
        {
            "HostedZoneId": f"ZHIDDEN{endpoint.id[-8:].upper()}",
            "Name": f"{name.removeprefix('*.')}.",
            "Owner": {"OwningService": "vpce.amazonaws.com"},
        }
        for endpoint in endpoints
        if endpoint.vpc_id == vpc_id and endpoint.private_dns_enabled
        for name in sorted(endpoint.private_names)
    ]


def get_service_quota(response: Any) -> ActionResult:
    """Service Quotas GetServiceQuota; whether it knows a value that nobody raised is not documented."""
    if not present().applied_quotas:
        raise _refusal(
            "NoSuchResourceException", "The request failed because the specified service quota has no value."
        )
    return get_aws_default_service_quota(response)


def get_aws_default_service_quota(response: Any) -> ActionResult:
    asked = _asked(response)
    if asked["ServiceCode"] != "vpc" or asked["QuotaCode"] not in QUOTAS:
        raise _refusal("NoSuchResourceException", "The request failed because the specified service does not exist.")
    value = float(getattr(present(), QUOTAS[asked["QuotaCode"]]))
    return ActionResult({"Quota": {"ServiceCode": "vpc", "QuotaCode": asked["QuotaCode"], "Value": value}})


# ---- patches ------------------------------------------------------------------------------------------------------


def _instead(new: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
    return lambda _: new


def _throttled(original: Any) -> Callable[[Any], Any]:
    def call_action(response: Any) -> Any:
        """Route 53 DeveloperGuide, DNSLimitations.html: beyond five a second, HTTP 400 with Throttling."""
        if present().buckets and not _bucket(response).take():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # botocore's models do not have the code that the page has
                _, headers, body = response.serialized(ActionResult(_refusal("Throttling", "Rate exceeded")))
            return 400, headers, body
        return original(response)

    return call_action


def _bucket(response: Any) -> Bucket:
    """Route 53 counts by account, its Resolver by account and Region."""
    backend = response.backend if isinstance(response, Route53) else response.route53resolver_backend
    bucket: Bucket = backend.__dict__.setdefault("bucket", Bucket(capacity=DNS_REQUESTS, refill=DNS_REQUESTS))
    return bucket


def _operations(owner: Any, *functions: Callable[..., Any]) -> Iterable[tuple[tuple[Any, str], Callable[[Any], Any]]]:
    return (((owner, function.__name__), _instead(function)) for function in functions)


PATCHES: Mapping[tuple[Any, str], Callable[[Any], Any]] = dict(
    (
        ((Route53, "call_action"), _throttled),
        ((Route53ResolverResponse, "call_action"), _throttled),
        ((Route53ResolverBackend, "_matched_arn"), _with_query_logging),
        *_operations(Route53, list_hosted_zones_by_vpc),
        *_operations(
            Route53ResolverResponse,
            associate_firewall_rule_group,
            create_firewall_domain_list,
            create_firewall_rule,
            create_firewall_rule_group,
            delete_resolver_query_log_config,
            disassociate_resolver_query_log_config,
            list_firewall_domain_lists,
            list_firewall_domains,
            list_firewall_rule_group_associations,
            list_firewall_rule_groups,
            list_firewall_rules,
            list_resolver_rule_associations,
            list_resolver_rules,
            update_firewall_domains,
        ),
        *_operations(ServiceQuotasResponse, get_aws_default_service_quota, get_service_quota),
    )
)
NEEDED: tuple[tuple[Any, str], ...] = (
    (BaseResponse, "_get_param"),
    (BaseResponse, "call_action"),
    (BaseResponse, "serialized"),
    (Route53, "list_hosted_zones_by_vpc"),
    (Route53Backend, "get_hosted_zone"),
    (Route53ResolverBackend, "_matched_arn"),
    (Route53ResolverBackend, "associate_resolver_query_log_config"),
    (Route53ResolverBackend, "create_resolver_rule"),
    (Route53ResolverResponse, "list_resolver_rules"),
    (ServiceQuotasResponse, "get_service_quota"),
)
