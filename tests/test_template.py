"""What the embedded AWS cannot show of the template is asserted on it: rights, encryption, limits that must agree.

The template is read after SAM's own translation, so what CloudFormation would get is what is judged.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from embedded.process import REPOSITORY
from vpce.core.figures import DIMENSION, NAMESPACE, of_hub, of_report, of_runs, of_unread
from vpce.core.model import RELEASED_TAG
from vpce.core.plan import GRACE
from vpce.core.profile import Mode
from vpce.core.report import Report
from vpce.core.window import read_window

FUNCTIONS = ("Reconcile", "Places", "Audit", "Report")
QUEUES = ("Queue", "DeadLetters", "UndeliveredEvents")


class _NoManagedPolicies:
    """The translator asks for AWS's managed policies; the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


@cache
def template() -> Any:
    source = yaml_parse((REPOSITORY / "template.yaml").read_text())
    for resource in source["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri"):
            if key in properties:
                properties[key] = f"s3://built/{properties[key]}"
    translator = Translator(_NoManagedPolicies().load(), Parser())
    return translator.translate(source, {}, feature_toggle=None)


def resources(kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"] for name, resource in template()["Resources"].items() if resource["Type"] == kind
    }


def statements(document: Any) -> list[Any]:
    """Statements of a policy, those under a condition included."""
    return [s["Fn::If"][1] if "Fn::If" in s else s for s in document["Statement"]]


def role_statements(name: str) -> list[Any]:
    policies = resources("AWS::IAM::Role")[name]["Policies"]
    return [s for p in policies for s in statements(p["PolicyDocument"])]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions(name: str) -> set[str]:
    return {a for s in role_statements(name) for a in as_list(s["Action"])}


# ---- rights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(function: str) -> None:
    properties = resources("AWS::Lambda::Function")[function]

    assert properties["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}


def test_no_role_has_a_wildcard_action_or_a_managed_policy() -> None:
    for name, role in resources("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role or role["ManagedPolicyArns"] == [], name
        for policy in role["Policies"]:
            for statement in statements(policy["PolicyDocument"]):
                assert not [a for a in as_list(statement["Action"]) if "*" in a], name


XRAY = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
SAMPLING = {"xray:GetSamplingRules", "xray:GetSamplingTargets"}
LISTS = {
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "route53:ListHostedZonesByVPC",
    "route53profiles:ListProfileAssociations",
    "route53profiles:ListProfileResourceAssociations",
    "route53resolver:ListFirewallDomainLists",
    "route53resolver:ListFirewallRuleGroupAssociations",
    "route53resolver:ListResolverQueryLogConfigAssociations",
    "route53resolver:ListResolverQueryLogConfigs",
    "route53resolver:ListResolverRuleAssociations",
    "route53resolver:ListResolverRules",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
}


def test_only_calls_that_know_no_resources_have_any_resource() -> None:
    """Describe calls of EC2, lists of the DNS around it, quotas, metrics, and X-Ray's.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53profiles.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53resolver.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    """
    for name, role in resources("AWS::IAM::Role").items():
        for policy in role["Policies"]:
            for statement in statements(policy["PolicyDocument"]):
                if "*" in as_list(statement["Resource"]):
                    wide = set(as_list(statement["Action"])) - XRAY - SAMPLING - LISTS
                    assert all(a.startswith("ec2:Describe") for a in wide), name
                    assert "ec2:DescribeVpcAttribute" not in as_list(statement["Action"]), name


def test_endpoints_and_groups_are_changed_only_under_our_tag() -> None:
    ours = {"Ref": "AWS::StackName"}
    for statement in role_statements("ReconcileRole"):
        touched = [r["Fn::Sub"] for r in as_list(statement["Resource"]) if isinstance(r, dict) and "Fn::Sub" in r]
        if statement["Action"] == "ec2:ModifyVpcEndpoint":
            # It names groups, and changes the endpoint.
            assert [r.rsplit(":", 1)[-1] for r in touched] == ["security-group/*"]
        elif any(r.endswith((":vpc-endpoint/*", ":security-group/*")) for r in touched):
            condition = statement["Condition"]["StringEquals"]
            assert condition in (
                {"aws:RequestTag/vpce:managed-by": ours},
                {"aws:ResourceTag/vpce:managed-by": ours},
                {"ec2:CreateAction": ["CreateVpcEndpoint", "CreateSecurityGroup"]},
            )


def test_later_no_tag_is_put_on_or_taken_off_but_the_marks() -> None:
    """A DeleteTags call that names no key takes all: it has no key, and ForAllValues alone would let it pass.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    for statement in role_statements("ReconcileRole"):
        if {"ec2:CreateTags", "ec2:DeleteTags"} & set(as_list(statement["Action"])):
            condition = statement["Condition"]
            equal = condition.get("StringEquals", {})
            is_while_making = "ec2:CreateAction" in equal
            mark = "vpce:delete-after" if equal else RELEASED_TAG
            assert is_while_making or condition["ForAllValues:StringEquals"] == {"aws:TagKeys": [mark]}
            assert is_while_making or condition["Null"] == {"aws:TagKeys": "false"}


def test_what_others_made_gets_no_tag_but_the_one_that_keeps_us_out_of_it() -> None:
    tagging = [s for s in role_statements("ReconcileRole") if "ec2:CreateTags" in as_list(s["Action"])]
    (theirs,) = [s for s in tagging if "StringEquals" not in s["Condition"]]

    assert theirs["Action"] == "ec2:CreateTags"
    assert theirs["Condition"]["ForAllValues:StringEquals"] == {"aws:TagKeys": [RELEASED_TAG]}
    assert [r["Fn::Sub"].rsplit(":", 1)[-1] for r in theirs["Resource"]] == ["vpc/*", "subnet/*"]


def test_our_own_failing_deletions_are_no_event_and_everybody_elses_are() -> None:
    pattern = resources("AWS::Events::Rule")["DeletionBlocked"]["EventPattern"]["detail"]

    issuer = pattern["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assert issuer == [{"exists": False}, {"anything-but": {"Fn::GetAtt": ["ReconcileRole", "Arn"]}}]


def test_two_installations_fit_into_one_account_and_region() -> None:
    """Every name that the template gives is made of the stack's."""
    names = {"QueueName", "Name", "RuleName", "FunctionName", "TopicName", "BucketName", "RoleName", "AlarmName"}
    names |= {"DashboardName"}
    for logical, resource in template()["Resources"].items():
        for key, value in resource.get("Properties", {}).items():
            is_given = isinstance(value, str) or (isinstance(value, dict) and "Fn::Sub" in value)
            if key in names | {"StateMachineName"} and is_given:
                assert "${AWS::StackName}" in json.dumps(value), logical


def test_functions_and_state_machine_are_traced_and_may_be() -> None:
    """The state machine asks for sampling too: https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html."""
    for name, function in resources("AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert actions(f"{name}Role") & (XRAY | SAMPLING) == XRAY
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert actions("AuditRunRole") & (XRAY | SAMPLING) == XRAY | SAMPLING


def test_security_hub_is_off_unless_asked_for_and_then_only_the_report_may_tell_it() -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html."""
    document = template()
    policies = {name: json.dumps(role["Policies"]) for name, role in resources("AWS::IAM::Role").items()}

    (role,) = (name for name, policy in policies.items() if "securityhub:" in policy)
    (choice,) = (
        s["Fn::If"]
        for p in resources("AWS::IAM::Role")[role]["Policies"]
        for s in p["PolicyDocument"]["Statement"]
        if "securityhub:" in json.dumps(s)
    )

    assert document["Parameters"]["SecurityHub"]["Default"] == "off"
    assert document["Conditions"]["TellsSecurityHub"] == {"Fn::Equals": [{"Ref": "SecurityHub"}, "on"]}
    assert role == "ReportRole"
    assert (choice[0], choice[2]) == ("TellsSecurityHub", {"Ref": "AWS::NoValue"})
    assert choice[1]["Action"] == "securityhub:BatchImportFindings"
    product = "arn:${AWS::Partition}:securityhub:*:${AWS::AccountId}:product/${AWS::AccountId}/default"
    assert choice[1]["Resource"] == {"Fn::Sub": product}


def test_the_audit_changes_nothing_in_ec2() -> None:
    for role in ("AuditRole", "PlacesRole", "ReportRole", "AuditRunRole"):
        assert all(a.startswith("ec2:Describe") for a in actions(role) if a.startswith("ec2:"))


def test_the_audit_reads_logs_only_if_asked_to_and_only_those_that_are_named() -> None:
    conditional = [
        c["Fn::If"]
        for p in resources("AWS::IAM::Role")["AuditRole"]["Policies"]
        for c in p["PolicyDocument"]["Statement"]
        if "Fn::If" in c
    ]
    found = {s["Sid"]: (choice, s) for choice, s, _ in conditional}

    assert found["ReadLogs"][0] == "ReadsLogs"
    assert found["ReadLogs"][1]["Resource"] == {"Fn::Split": [",", {"Ref": "DiscoveryLogs"}]}
    assert found["ReadLogs"][1]["Action"] == ["logs:FilterLogEvents", "s3:GetObject", "s3:ListBucket"]
    assert {found[sid][0] for sid in ("FindLogs", "SeeWhoseQueryLoggingItIs")} == {"Discovers"}
    assert template()["Parameters"]["DiscoveryDays"]["Default"] == 0
    assert template()["Parameters"]["DiscoveryLogs"]["Default"] == ""


@pytest.mark.parametrize(
    ("text", "may_be"),
    [
        ("", True),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/vpce/*:*", True),
        ("arn:aws:s3:::flow-logs,arn:aws:s3:::flow-logs/AWSLogs/*", True),
        ("*", False),
        ("arn:aws:s3:::flow-logs, arn:aws:s3:::flow-logs/*", False),
    ],
)
def test_logs_are_named_by_arns(text: str, may_be: bool) -> None:  # noqa: FBT001
    pattern = template()["Parameters"]["DiscoveryLogs"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, text)) is may_be


def test_the_report_may_see_that_there_was_no_audit_before() -> None:
    """Without the list S3 says that what is not there is denied.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    may = {(a, json.dumps(s["Resource"])) for s in role_statements("ReportRole") for a in as_list(s["Action"])}

    bucket, latest = {"Fn::GetAtt": ["Reports", "Arn"]}, {"Fn::Sub": "${Reports.Arn}/audits/latest.json"}
    assert ("s3:ListBucket", json.dumps(bucket)) in may
    assert {("s3:GetObject", json.dumps(latest)), ("s3:PutObject", json.dumps(latest))} <= may
    assert not {a for a, resource in may if a == "s3:PutObject" and "ignores.toml" in resource}


def test_policies_of_ones_own_are_read_by_who_plans_and_only_where_profiles_of_ones_own_may_name_them() -> None:
    policies = {"Fn::Sub": "${Reports.Arn}/policies/*"}
    found = {
        name: (s["Action"], choice)
        for name, role in resources("AWS::IAM::Role").items()
        for p in role["Policies"]
        for choice, s in ((c["Fn::If"][0], c["Fn::If"][1]) for c in p["PolicyDocument"]["Statement"] if "Fn::If" in c)
        if s["Resource"] == policies
    }

    assert found == dict.fromkeys(("ReconcileRole", "AuditRole"), ("s3:GetObject", "HasProfilesParameter"))
    assert json.dumps(template()["Resources"]).count("/policies/") == len(found)


def test_an_organization_has_an_id_of_awss_form() -> None:
    """https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html"""
    pattern = template()["Parameters"]["OrganizationId"]["AllowedPattern"]

    assert all(re.search(pattern, good) for good in ("", "o-exampleorgid", f"o-{'a' * 32}"))
    assert not any(
        re.search(pattern, bad) for bad in ("o-", "o-EXAMPLEORGID", "r-exampleorgid", f"o-{'a' * 33}", "o-*")
    )


def test_lambda_may_take_messages_for_the_function() -> None:
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} <= actions("ReconcileRole")


def test_a_distributed_map_may_start_and_follow_its_own_executions() -> None:
    assert {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"} <= actions("AuditRunRole")
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    assert machine["StateMachineName"] == {"Fn::Sub": "${AWS::StackName}-audit"}


def test_the_schedule_may_start_the_audit_and_nothing_else() -> None:
    (schedule,) = (s for s in resources("AWS::Scheduler::Schedule").values() if "SqsParameters" not in s["Target"])
    role = resources("AWS::IAM::Role")[schedule["Target"]["RoleArn"]["Fn::GetAtt"][0]]

    found = [s for p in role["Policies"] for s in statements(p["PolicyDocument"])]

    undelivered = {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}
    assert [(s["Action"], s["Resource"]) for s in found] == [
        ("states:StartExecution", {"Ref": "AuditRun"}),
        ("sqs:SendMessage", undelivered),
    ]
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": undelivered}


def test_the_hourly_look_is_a_message_that_the_function_knows() -> None:
    from vpce.core.events import is_sweep

    schedule = resources("AWS::Scheduler::Schedule")["EveryHour"]

    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert schedule["Target"]["SqsParameters"]["MessageGroupId"]
    assert is_sweep(json.loads(schedule["Target"]["Input"]))
    assert actions("EveryHourRole") == {"sqs:SendMessage"}


@pytest.mark.parametrize("queue", ["Queue", "UndeliveredEvents"])
def test_only_our_rules_may_send_to_the_queues(queue: str) -> None:
    (policy,) = (
        p["PolicyDocument"] for p in resources("AWS::SQS::QueuePolicy").values() if p["Queues"] == [{"Ref": queue}]
    )
    rules = sorted(resources("AWS::Events::Rule"))

    allowed = [s for s in policy["Statement"] if s["Effect"] == "Allow"]

    assert [s["Principal"] for s in allowed] == [{"Service": "events.amazonaws.com"}]
    assert sorted(a["Fn::GetAtt"][0] for a in allowed[0]["Condition"]["ArnEquals"]["aws:SourceArn"]) == rules


def test_alarms_may_publish_through_the_topics_key() -> None:
    """CloudWatch cannot publish to a topic under AWS's own key for SNS.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    key = resources("AWS::KMS::Key")["TopicKey"]["KeyPolicy"]["Statement"]
    topic = resources("AWS::SNS::TopicPolicy")["TopicPolicy"]["PolicyDocument"]["Statement"]
    for policy, wanted in ((key, {"kms:Decrypt", "kms:GenerateDataKey"}), (topic, {"sns:Publish"})):
        allowed = [s for s in policy if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert [set(as_list(s["Action"])) for s in allowed] == [wanted]


# ---- encryption ---------------------------------------------------------------------------------------------------


def test_queue_topic_and_bucket_are_encrypted() -> None:
    assert all(q["SqsManagedSseEnabled"] is True for q in resources("AWS::SQS::Queue").values())
    assert resources("AWS::SNS::Topic")["Topic"]["KmsMasterKeyId"] == {"Ref": "TopicKey"}
    assert "BucketEncryption" in resources("AWS::S3::Bucket")["Reports"]


def test_queue_topic_and_bucket_want_tls() -> None:
    policies = [
        *resources("AWS::SQS::QueuePolicy").values(),
        *resources("AWS::SNS::TopicPolicy").values(),
        *resources("AWS::S3::BucketPolicy").values(),
    ]
    for policy in policies:
        denied = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    assert len(policies) == len(QUEUES) + 2


def test_the_bucket_is_private() -> None:
    assert set(resources("AWS::S3::Bucket")["Reports"]["PublicAccessBlockConfiguration"].values()) == {True}


# ---- figures that must agree --------------------------------------------------------------------------------------


def test_a_message_stays_hidden_longer_than_its_function_may_run() -> None:
    """Else a place would have two writers. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    timeout = resources("AWS::Lambda::Function")["Reconcile"]["Timeout"]

    assert resources("AWS::SQS::Queue")["Queue"]["VisibilityTimeout"] >= timeout + 60


def test_messages_are_taken_ten_at_a_time_and_failures_one_by_one() -> None:
    (mapping,) = resources("AWS::Lambda::EventSourceMapping").values()

    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_queue_is_fifo_de_duplicates_by_content_waits_and_has_dead_letters() -> None:
    queue = resources("AWS::SQS::Queue")["Queue"]

    assert queue["FifoQueue"] is True
    assert queue["ContentBasedDeduplication"] is True
    assert queue["DelaySeconds"] == {"Ref": "SettleDelay"}
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert resources("AWS::SQS::Queue")["DeadLetters"]["FifoQueue"] is True


def test_every_rule_sends_whole_events_in_the_group_of_its_place() -> None:
    """EventBridge takes only standard queues for what it cannot deliver, and FIFO targets need a group."""
    for name, rule in resources("AWS::Events::Rule").items():
        (target,) = rule["Targets"]
        assert target["SqsParameters"] == {"MessageGroupId": {"Fn::Sub": "${AWS::AccountId}/${AWS::Region}"}}, name
        assert not {"Input", "InputPath", "InputTransformer"} & set(target), name
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}}, name
    assert "FifoQueue" not in resources("AWS::SQS::Queue")["UndeliveredEvents"]


def test_what_is_lost_or_fails_raises_an_alarm() -> None:
    alarms = resources("AWS::CloudWatch::Alarm").values()

    watched = {(a["MetricName"], json.dumps(a["Dimensions"][0]["Value"])) for a in alarms}

    assert watched == {
        ("ApproximateNumberOfMessagesVisible", json.dumps({"Fn::GetAtt": ["DeadLetters", "QueueName"]})),
        ("ApproximateNumberOfMessagesVisible", json.dumps({"Fn::GetAtt": ["UndeliveredEvents", "QueueName"]})),
        ("ApproximateAgeOfOldestMessage", json.dumps({"Fn::GetAtt": ["Queue", "QueueName"]})),
        ("Errors", json.dumps({"Ref": "Audit"})),
        ("Errors", json.dumps({"Ref": "Reconcile"})),
        ("ExecutionsFailed", json.dumps({"Ref": "AuditRun"})),
        ("ExecutionsSucceeded", json.dumps({"Ref": "AuditRun"})),
        ("NotInSecurityHub", json.dumps({"Ref": "AWS::StackName"})),
    }
    assert all(a["AlarmActions"] == [{"Ref": "Topic"}] for a in alarms)


# ---- what is counted ----------------------------------------------------------------------------------------------


def dashboard() -> Any:
    """With names in the place of what CloudFormation fills in."""
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    return json.loads(re.sub(r"\$\{([A-Za-z:.]+)\}", r"\1", body))


def widgets(kind: str) -> list[Any]:
    return [w["properties"] for w in dashboard()["widgets"] if w["type"] == kind]


def drawn() -> list[list[str]]:
    """Namespace, name, dimension and its value of each metric on the dashboard; ``.`` repeats the one above."""
    found = []
    for widget in widgets("metric"):
        above: list[str] = []
        for metric in widget["metrics"]:
            words = [word for word in metric if isinstance(word, str)]
            above = [above[i] if word == "." else word for i, word in enumerate(words)]
            found.append(above)
    return found


def test_the_dashboard_draws_every_figure_and_no_other() -> None:
    report = Report(run="", places=())
    counted = {*of_report(report), *of_runs([]), *of_unread(is_passing=True), *of_unread(is_passing=False)}

    ours = [m for m in drawn() if m[0] == NAMESPACE]

    assert sorted(name for _, name, _, _ in ours) == sorted(counted)
    assert {tuple(rest) for _, _, *rest in ours} == {(DIMENSION, "AWS::StackName")}


def test_alarms_on_figures_use_names_that_are_counted() -> None:
    ours = [a for a in resources("AWS::CloudWatch::Alarm").values() if a["Namespace"] == NAMESPACE]

    assert {a["MetricName"] for a in ours} == set(of_hub(0))
    assert [a["Dimensions"] for a in ours] == [[{"Name": DIMENSION, "Value": {"Ref": "AWS::StackName"}}]]


def test_what_a_condition_makes_has_the_condition() -> None:
    """Without Security Hub nobody counts what is not in it."""
    assert template()["Resources"]["NotInSecurityHubAlarm"]["Condition"] == "TellsSecurityHub"


def test_the_dashboard_shows_every_alarm_that_is_always_there() -> None:
    (shown,) = widgets("alarm")
    made = template()["Resources"].items()
    always = {n for n, r in made if r["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in r}

    assert {arn.removesuffix(".Arn") for arn in shown["alarms"]} == always


def test_the_dashboard_shows_queues_functions_and_logs_of_this_stack() -> None:
    others = {(name, value) for namespace, name, _, value in drawn() if namespace != NAMESPACE}

    functions = set(resources("AWS::Lambda::Function"))
    assert {v for n, v in others if n == "Errors"} == {v for n, v in others if n == "Duration"} == functions
    queues = {f"{queue}.QueueName" for queue in QUEUES}
    assert {v for n, v in others if n == "ApproximateNumberOfMessagesVisible"} == queues
    assert {v for n, v in others if n == "ApproximateAgeOfOldestMessage"} == {"Queue.QueueName"}
    logs = {re.match(r"SOURCE '(\w+)' \| ", w["query"])[1] for w in widgets("log")}  # type: ignore[index]
    assert logs == {"ReportLogs", "ReconcileLogs"}


def test_two_regions_of_an_account_have_dashboards_of_their_own() -> None:
    """Dashboards are global.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html
    """
    name = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardName"]["Fn::Sub"]

    assert "${AWS::Region}" in name


def test_no_widget_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for w in dashboard()["widgets"]:
        cells = {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


# ---- runtime ------------------------------------------------------------------------------------------------------


def test_functions_run_on_the_runtime_and_processor_that_the_layer_is_built_for() -> None:
    makefile = Path(REPOSITORY / "layers/vpce/Makefile").read_text()
    for function in resources("AWS::Lambda::Function").values():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
    assert "--python-version 3.13" in makefile
    assert "manylinux2014_aarch64" in makefile


def test_every_setting_that_functions_read_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from vpce.config import Settings

    for function in resources("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"].items()
        given = {name: as_set(value) for name, value in variables} | {"AWS_REGION": "eu-west-1"}
        settings = Settings.from_environment(given)
        assert settings.grace == GRACE
        assert settings.mode is Mode.SYNC
        assert settings.window is None


def as_set(value: Any) -> str:
    """What CloudFormation gives a function for it, with all parameters left as they are."""
    parameter = template()["Parameters"].get(value.get("Ref")) if isinstance(value, dict) else None
    return str(parameter["Default"]) if parameter else "x"


def test_there_are_no_other_modes() -> None:
    assert template()["Parameters"]["Mode"]["AllowedValues"] == [*Mode]


@pytest.mark.parametrize("text", ["", "sun:02:00-sun:05:00", "22:00-04:00", "22:00-23:59+sat:00:00-mon:00:00"])
def test_change_windows_that_the_function_reads_may_be_given(text: str) -> None:
    read_window(text)
    assert re.fullmatch(template()["Parameters"]["ChangeWindow"]["AllowedPattern"], text)


@pytest.mark.parametrize(
    "text", ["at night", "always", "sun:02:00-05:00", "24:00-25:00", "22:00-04:00+", "Sun:02:00-sun:05:00"]
)
def test_other_change_windows_may_not_be_given(text: str) -> None:
    assert not re.fullmatch(template()["Parameters"]["ChangeWindow"]["AllowedPattern"], text)


def test_messages_come_in_the_forms_that_there_are() -> None:
    from vpce.notify import CHAT, JSON, TEXT

    assert template()["Parameters"]["MessageFormat"]["AllowedValues"] == [TEXT, CHAT, JSON]


def test_a_report_that_s3_or_sns_did_not_take_is_tried_again() -> None:
    (machine,) = resources("AWS::StepFunctions::StateMachine").values()
    separator, lines = machine["DefinitionString"]["Fn::Join"]
    retries = json.loads(separator.join(lines))["States"]["Report"]["Retry"]

    assert [r["ErrorEquals"] for r in retries] == [["States.ALL"]]


def test_logs_are_kept_for_a_while_and_not_for_ever() -> None:
    groups = resources("AWS::Logs::LogGroup")

    assert {f["LoggingConfig"]["LogGroup"]["Ref"] for f in resources("AWS::Lambda::Function").values()} == set(groups)
    assert all(g["RetentionInDays"] == {"Ref": "LogRetention"} for g in groups.values())


def test_reports_outlive_the_stack() -> None:
    assert template()["Resources"]["Reports"]["DeletionPolicy"] == "Retain"
