"""Does the embedded AWS do what the product and its tests rely on?"""

import datetime as dt
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded import patches
from embedded.process import REPOSITORY, DeployError, EmbeddedAws, StartError, deploy

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Library:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: Library, CompatibleRuntimes: [python3.13]}
  Setting:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Ref Greeting}
  Log:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: !Sub "/${AWS::StackName}/function"}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement:
          Effect: Allow
          Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
          Action: kms:*
          Resource: "*"
  Topic: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !Ref Key}}
  Inbox: {Type: AWS::SQS::Queue}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Inbox.Arn, RawMessageDelivery: true}
  Mailbox:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: team@example.com}
  Work:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, ContentBasedDeduplication: true, DelaySeconds: 1, VisibilityTimeout: 60}
  Closed: {Type: AWS::SQS::Queue}
  Undelivered: {Type: AWS::SQS::Queue}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Work, !Ref Undelivered]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: {Service: events.amazonaws.com}
          Action: sqs:SendMessage
          Resource: [!GetAtt Work.Arn, !GetAtt Undelivered.Arn]
          Condition: {ArnEquals: {aws:SourceArn: !GetAtt Rule.Arn}}
  InboxPolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Inbox]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: {Service: sns.amazonaws.com}
          Action: sqs:SendMessage
          Resource: !GetAtt Inbox.Arn
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.ec2], detail: {eventName: [CreateVpc]}}
      Targets:
        - Id: work
          Arn: !GetAtt Work.Arn
          SqsParameters: {MessageGroupId: !Sub "${AWS::AccountId}/${AWS::Region}"}
        - Id: closed
          Arn: !GetAtt Closed.Arn
          DeadLetterConfig: {Arn: !GetAtt Undelivered.Arn}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ssm:GetParameter, Resource: "*"}
              - {Effect: Allow, Action: sns:Publish, Resource: !Ref Topic}
              - {Effect: Allow, Action: [kms:GenerateDataKey, kms:Decrypt], Resource: !GetAtt Key.Arn}
              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt Log.Arn}
              - Effect: Allow
                Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]
                Resource: !GetAtt Work.Arn
  MachineRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: own
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Function.Arn}
              - {Effect: Allow, Action: states:StartExecution, Resource: "*"}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Function
      Handler: app.handler
      Runtime: python3.13
      Architectures: [arm64]
      Timeout: 20
      Role: !GetAtt Role.Arn
      Layers: [!Ref Library]
      LoggingConfig: {LogGroup: !Ref Log}
      Environment: {Variables: {SETTING: !Ref Setting, TOPIC: !Ref Topic}}
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn, FunctionResponseTypes: [ReportBatchItemFailures]}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: !GetAtt MachineRole.Arn
      DefinitionUri: machine.asl.yaml
      DefinitionSubstitutions: {Function: !GetAtt Function.Arn}
      Events:
        Often:
          Type: ScheduleV2
          Properties: {ScheduleExpression: rate(1 minutes), RoleArn: !GetAtt Role.Arn, State: DISABLED}
Outputs:
  Function: {Value: !Ref Function}
  Machine: {Value: !Ref Machine}
  Inbox: {Value: !Ref Inbox}
  Undelivered: {Value: !Ref Undelivered}
  Log: {Value: !Ref Log}
  Role: {Value: !Ref Role}
  MachineRole: {Value: !Ref MachineRole}
"""

MACHINE = """
StartAt: Each
States:
  Each:
    Type: Map
    ItemsPath: $.places
    ToleratedFailurePercentage: 100
    ItemSelector: {place.$: $$.Map.Item.Value, run.$: $$.Execution.Name, since.$: $$.Execution.StartTime}
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: One
      States:
        One:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Parameters: {FunctionName: "${Function}", Payload.$: $}
          OutputPath: $.Payload
          Catch: [{ErrorEquals: [UnreadError], ResultPath: $.error, Next: Unread}]
          End: true
        Unread: {Type: Pass, Parameters: {unread.$: $.place, cause.$: $.error.Cause}, End: true}
    End: true
"""

FUNCTION = """
import json, os, sys
import boto3
import library

class UnreadError(Exception): ...

def handler(event, context):
    if "Records" in event:
        print("records", json.dumps([json.loads(r["body"])["detail"]["eventName"] for r in event["Records"]]))
        return {"batchItemFailures": []}
    if "place" in event:
        if event["place"] == "closed":
            raise UnreadError("no entry")
        return {"read": event["place"], "run": event["run"], "since": event["since"]}
    print(json.dumps({"_aws": {"CloudWatchMetrics": [{"Namespace": "Test", "Dimensions": [["kind"]],
        "Metrics": [{"Name": "Asked", "Unit": "Count"}]}]}, "kind": "look", "Asked": 1}))
    boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], MessageStructure="json", Subject="Look",
        Message=json.dumps({"default": "short", "sqs": json.dumps({"long": True})}))
    setting = boto3.client("ssm").get_parameter(Name=os.environ["SETTING"])["Parameter"]["Value"]
    return {"setting": setting, "environment": dict(os.environ), "library": library.WORD}
"""


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that can be told from the server's own."""
    path = tmp_path_factory.mktemp("runtime") / "python"
    path.write_text(f'#!/bin/sh\nINTERPRETER=mine exec {sys.executable} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` would leave."""
    folder = tmp_path_factory.mktemp("build")
    files = {
        "template.yaml": TEMPLATE,
        "machine.asl.yaml": MACHINE,
        "Function/app.py": FUNCTION,
        "Library/python/library.py": "WORD = 'layer'",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module", params=[False, True], ids=["open", "iam"])
def running(request: pytest.FixtureRequest, interpreter: Path) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(iam=request.param, event_delay=0, runtimes={"python3.13": interpreter}) as server:
        yield server


@pytest.fixture
def aws(running: EmbeddedAws) -> Iterator[EmbeddedAws]:
    running.forget()
    yield running
    running.forget()


@pytest.fixture(scope="module")
def stack(running: EmbeddedAws, build: Path) -> dict[str, str]:
    return deploy(running, build, "app", {"Greeting": "good morning"})


def eventually(look: Callable[[], Any], within: float = 30) -> Any:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def a_vpc(aws: EmbeddedAws, region: str | None = None, account: str | None = None) -> str:
    return str(aws.client("ec2", region, account).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def vpcs(aws: EmbeddedAws, region: str | None = None, account: str | None = None) -> set[str]:
    return {vpc["VpcId"] for vpc in aws.client("ec2", region, account).describe_vpcs()["Vpcs"]}


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


# --- the server


def test_the_only_open_port_is_ours_and_on_the_loopback_interface(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    del stack  # deployed, so that all services are loaded
    assert listening(aws.pid) == {f"0100007F:{int(aws.url.rsplit(':', 1)[1]):04X}"}


def listening(pid: int) -> set[str]:
    """Addresses of listening sockets, as /proc writes them."""
    inodes = {str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def test_ec2_is_separate_by_account_and_region(aws: EmbeddedAws) -> None:
    vpc = a_vpc(aws)

    assert vpc in vpcs(aws)
    assert vpc not in vpcs(aws, region="us-east-1")
    assert vpc not in vpcs(aws, account="210987654321")


def test_calls_are_recorded_with_what_was_asked_and_how_it_ended(aws: EmbeddedAws) -> None:
    with pytest.raises(ClientError):
        aws.client("ec2", "us-west-2").delete_vpc(VpcId="vpc-0123456789abcdef0")
    with pytest.raises(ClientError):
        aws.client("ssm").get_parameter(Name="nowhere")

    ec2, ssm = aws.calls()
    assert ec2.pop("time") <= ssm["time"]
    assert ec2 == {
        "service": "ec2",
        "action": "DeleteVpc",
        "region": "us-west-2",
        "account": aws.account,
        "principal": f"arn:aws:iam::{aws.account}:root",
        "error": "InvalidVpcID.NotFound",
        "parameters": {"Action": "DeleteVpc", "Version": "2016-11-15", "VpcId": "vpc-0123456789abcdef0"},
    }
    assert (ssm["service"], ssm["action"], ssm["error"]) == ("ssm", "GetParameter", "ParameterNotFound")
    assert aws.calls("ec2") == [{**ec2, "time": aws.calls("ec2")[0]["time"]}]


def test_a_fault_ends_after_its_times_and_then_the_call_works(aws: EmbeddedAws) -> None:
    aws.inject("ec2", "DescribeVpcs", code="RequestLimitExceeded", status=503, times=1)

    with pytest.raises(ClientError) as refused:
        vpcs(aws)
    assert code_of(refused) == "RequestLimitExceeded"
    assert vpcs(aws)
    assert [call["error"] for call in aws.calls("ec2")] == ["RequestLimitExceeded", None]


def test_a_fault_hits_only_what_it_names(aws: EmbeddedAws) -> None:
    aws.inject("ec2", "DescribeVpcs", region="us-east-1", code="UnauthorizedOperation", status=403)
    aws.inject("ec2", "CreateVpc", parameters={"CidrBlock": "10.9.0.0/16"}, code="VpcLimitExceeded")

    assert vpcs(aws)
    assert a_vpc(aws)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        vpcs(aws, region="us-east-1")
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        aws.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")


def test_an_answer_can_be_lost_after_the_call_was_carried_out(aws: EmbeddedAws) -> None:
    before = vpcs(aws)
    aws.inject("ec2", "CreateVpc", code="InternalError", status=500, times=1, after=True)

    with pytest.raises(ClientError, match="InternalError"):
        a_vpc(aws)

    assert len(vpcs(aws) - before) == 1


@pytest.mark.parametrize(
    ("service", "action", "call"),
    [
        ("sqs", "ListQueues", lambda client: client.list_queues()),
        ("sns", "ListTopics", lambda client: client.list_topics()),
        ("s3", "ListAllMyBuckets", lambda client: client.list_buckets()),
        ("lambda", "ListFunctions", lambda client: client.list_functions()),
        ("cloudwatch", "ListMetrics", lambda client: client.list_metrics()),
    ],
)
def test_faults_speak_each_services_protocol(
    aws: EmbeddedAws, service: str, action: str, call: Callable[[Any], Any]
) -> None:
    aws.inject("monitoring" if service == "cloudwatch" else service, action, code="Throttling", times=1)

    with pytest.raises(ClientError) as refused:
        call(aws.client(service))

    assert code_of(refused) == "Throttling"


# --- functions and what wakes them


def ask(aws: EmbeddedAws, function: str, event: Mapping[str, Any]) -> tuple[str | None, Any]:
    answer = aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_a_function_sees_its_own_environment_on_its_own_interpreter(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    error, answer = ask(aws, stack["Function"], {})

    assert error is None, answer
    environment = answer["environment"]
    assert (answer["setting"], answer["library"]) == ("good morning", "layer")
    assert environment["INTERPRETER"] == "mine"
    assert environment["AWS_REGION"] == aws.region
    assert not {"GATEWAY_PORT", "MINISTACK_ACCOUNT_ID", "AUTH", "LOG_LEVEL", "PYTHONPATH"} & set(environment)


def test_a_function_acts_as_its_role_when_iam_is_enforced(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    ask(aws, stack["Function"], {})

    (call,) = [call for call in aws.calls("ssm") if call["action"] == "GetParameter"]
    assert ("/app-Role" in call["principal"]) is aws.iam


def test_an_exception_is_reported_by_its_class(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    error, answer = ask(aws, stack["Function"], {"place": "closed"})

    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("UnreadError", "no entry")


def test_embedded_metrics_reach_cloudwatch(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    ask(aws, stack["Function"], {})

    metrics = eventually(lambda: aws.client("cloudwatch").list_metrics(Namespace="Test")["Metrics"])
    assert [(metric["MetricName"], metric["Dimensions"]) for metric in metrics] == [
        ("Asked", [{"Name": "kind", "Value": "look"}])
    ]


def test_a_queue_gets_its_own_text_of_a_message(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    ask(aws, stack["Function"], {})

    (message, *_) = eventually(lambda: aws.client("sqs").receive_message(QueueUrl=stack["Inbox"]).get("Messages"))
    assert json.loads(message["Body"]) == {"long": True}


def test_mail_is_kept_for_whoever_subscribed_by_mail(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    ask(aws, stack["Function"], {})

    (mail,) = aws.mails()
    assert (mail["to"], mail["subject"], mail["text"]) == ("team@example.com", "Look", "short")
    aws.forget()
    assert aws.mails() == []


def run(aws: EmbeddedAws, machine: str, places: list[str]) -> Any:
    """An execution, ended."""
    machines = aws.client("stepfunctions")
    started = machines.start_execution(
        stateMachineArn=machine, name=f"run-{time.time_ns()}", input=json.dumps({"places": places})
    )["executionArn"]

    def ended() -> Any:
        found = machines.describe_execution(executionArn=started)
        return None if found["status"] == "RUNNING" else found

    return eventually(ended)


def test_a_distributed_map_catches_an_exception_by_its_class(aws: EmbeddedAws, stack: dict[str, str]) -> None:
    execution = run(aws, stack["Machine"], ["open", "closed"])

    assert execution["status"] == "SUCCEEDED", execution
    read, unread = json.loads(execution["output"])
    assert (read["read"], read["run"]) == ("open", execution["name"])
    assert read["since"].startswith(f"{execution['startDate'].astimezone(dt.UTC):%Y-%m-%dT}")
    assert unread["unread"] == "closed"
    assert json.loads(unread["cause"])["errorType"] == "UnreadError"


def test_an_ec2_call_reaches_the_function_through_rule_and_delayed_queue(
    aws: EmbeddedAws, stack: dict[str, str]
) -> None:
    began = time.time()
    a_vpc(aws)

    def seen() -> list[float]:
        found = aws.client("logs").filter_log_events(logGroupName=stack["Log"], startTime=int(began * 1000))
        return [event["timestamp"] / 1000 for event in found["events"] if 'records ["CreateVpc"' in event["message"]]

    assert eventually(seen)[0] - began >= 0.9  # DelaySeconds: 1


def test_what_a_queues_policy_refuses_goes_to_the_targets_dead_letter_queue(
    aws: EmbeddedAws, stack: dict[str, str]
) -> None:
    a_vpc(aws)

    sqs = aws.client("sqs")
    (message, *_) = eventually(
        lambda: sqs.receive_message(QueueUrl=stack["Undelivered"], MessageAttributeNames=["All"]).get("Messages")
    )
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert json.loads(message["Body"])["detail"]["eventName"] == "CreateVpc"


def test_a_second_deployment_changes_the_stack(aws: EmbeddedAws, stack: dict[str, str], build: Path) -> None:
    again = deploy(aws, build, "app", {"Greeting": "good evening"})

    assert again == stack
    _error, answer = ask(aws, stack["Function"], {})
    assert answer["setting"] == "good evening"


def test_a_failed_deployment_tells_the_resource_and_the_reason(aws: EmbeddedAws, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        """
        Resources:
          Broken: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/8}}
        """
    )
    with pytest.raises(DeployError, match=r"Broken \(AWS::EC2::VPC\): .*InvalidVpc"):
        deploy(aws, tmp_path, "broken", {})


def test_an_event_can_be_sent_on_to_another_region(aws: EmbeddedAws) -> None:
    home, away = aws.client("events"), aws.client("events", "us-east-2")
    may = {"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]}
    forward = a_role(aws, may, name="forward")
    queues = aws.client("sqs")
    url = queues.create_queue(QueueName="collected")["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:collected"
    allowed = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allowed]})})
    pattern = json.dumps({"source": ["aws.ec2"], "region": ["us-east-2"]})

    def role(target: str) -> dict[str, str]:  # a bus elsewhere wants a role; a queue wants none
        return {"RoleArn": forward} if ":event-bus/" in target else {}

    for client, target in ((away, f"arn:aws:events:{aws.region}:{aws.account}:event-bus/default"), (home, arn)):
        client.put_rule(Name="collect", EventPattern=pattern)
        client.put_targets(Rule="collect", Targets=[{"Id": "on", "Arn": target, **role(target)}])

    a_vpc(aws, region="us-east-2")

    (message,) = eventually(lambda: queues.receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(message["Body"])
    assert (event["region"], event["detail"]["awsRegion"]) == ("us-east-2", "us-east-2")


# --- IAM


@pytest.fixture(scope="module")
def guarded() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(iam=True, event_delay=0, pending=0, deleting=0) as server:
        yield server


def a_role(aws: EmbeddedAws, policy: Mapping[str, Any], name: str) -> str:
    iam = aws.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": aws.account}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    return str(role)


def under(aws: EmbeddedAws, *statements: Mapping[str, Any]) -> Any:
    """EC2 as a role that has these statements."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    role = a_role(aws, policy, name=f"role-{time.time_ns()}")
    session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return aws.client("ec2", credentials=session)


def arns(aws: EmbeddedAws, kind: str) -> str:
    return f"arn:aws:ec2:{aws.region}:{aws.account}:{kind}/*"


def network(aws: EmbeddedAws, second: int) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=f"10.{second}.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{second}.0.0/24")["Subnet"]["SubnetId"]
    return {
        "VpcId": vpc,
        "SubnetIds": [subnet],
        "VpcEndpointType": "Interface",
        "ServiceName": f"com.amazonaws.{aws.region}.sts",
        "PrivateDnsEnabled": False,
    }


@pytest.mark.parametrize("forgotten", ["vpc", "subnet", "vpc-endpoint"])
def test_every_resource_of_a_call_must_be_allowed(guarded: EmbeddedAws, forgotten: str) -> None:
    wanted = network(guarded, 20)
    kinds = {"vpc", "subnet", "vpc-endpoint"}
    resources = [arns(guarded, kind) for kind in sorted(kinds - {forgotten})]
    ec2 = under(guarded, {"Action": "ec2:CreateVpcEndpoint", "Resource": resources})

    with pytest.raises(ClientError, match=f"ec2:CreateVpcEndpoint on resource: .*:{forgotten}/") as refused:
        ec2.create_vpc_endpoint(**wanted)
    assert code_of(refused) == "UnauthorizedOperation"

    whole = under(
        guarded, {"Action": "ec2:CreateVpcEndpoint", "Resource": [arns(guarded, kind) for kind in sorted(kinds)]}
    )
    assert whole.create_vpc_endpoint(**wanted)


def test_tags_at_creation_need_their_own_permission_and_name_the_call(guarded: EmbeddedAws) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "made-by", "Value": "us"}]}]
    create = {"Action": "ec2:CreateVpc", "Resource": "*"}

    def tagging(action: str) -> dict[str, Any]:
        condition = {"StringEquals": {"ec2:CreateAction": action, "aws:RequestTag/made-by": "us"}}
        return {"Action": "ec2:CreateTags", "Resource": arns(guarded, "vpc"), "Condition": condition}

    for statements in ((create,), (create, tagging("CreateSubnet"))):
        with pytest.raises(ClientError, match="ec2:CreateTags"):
            under(guarded, *statements).create_vpc(CidrBlock="10.21.0.0/16", TagSpecifications=tags)
    assert under(guarded, create, tagging("CreateVpc")).create_vpc(CidrBlock="10.21.0.0/16", TagSpecifications=tags)


def test_conditions_see_the_tags_of_what_is_there(guarded: EmbeddedAws) -> None:
    root = guarded.client("ec2")
    ours, others = (root.create_vpc_endpoint(**network(guarded, n))["VpcEndpoint"]["VpcEndpointId"] for n in (22, 23))
    root.create_tags(Resources=[ours], Tags=[{"Key": "managed-by", "Value": "vpce"}])
    only_ours = {"StringEquals": {"aws:ResourceTag/managed-by": "vpce"}}
    ec2 = under(guarded, {"Action": "ec2:DeleteVpcEndpoints", "Resource": "*", "Condition": only_ours})

    with pytest.raises(ClientError, match=others):
        ec2.delete_vpc_endpoints(VpcEndpointIds=[ours, others])
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[ours])["Unsuccessful"] == []


def test_conditions_see_the_service_of_an_endpoint_and_the_vpc_of_a_subnet(guarded: EmbeddedAws) -> None:
    wanted = network(guarded, 24)
    allowed = wanted["ServiceName"]

    def rights(service: str, vpc: str) -> tuple[dict[str, Any], ...]:
        arn = f"arn:aws:ec2:{guarded.region}:{guarded.account}:vpc/{vpc}"
        return (
            {"Action": "ec2:CreateVpcEndpoint", "Resource": arn},
            {
                "Action": "ec2:CreateVpcEndpoint",
                "Resource": arns(guarded, "subnet"),
                "Condition": {"ArnEquals": {"ec2:Vpc": arn}},
            },
            {
                "Action": "ec2:CreateVpcEndpoint",
                "Resource": arns(guarded, "vpc-endpoint"),
                "Condition": {"StringEquals": {"ec2:VpceServiceName": service}},
            },
        )

    with pytest.raises(ClientError, match="vpc-endpoint/"):
        under(guarded, *rights("com.amazonaws.eu-west-1.s3", wanted["VpcId"])).create_vpc_endpoint(**wanted)
    assert under(guarded, *rights(allowed, wanted["VpcId"])).create_vpc_endpoint(**wanted)


def without(build: Path, folder: Path, right: str) -> Path:
    """The same build, with one right less."""
    shutil.copytree(build, folder)
    template = folder / "template.yaml"
    assert right in template.read_text()
    template.write_text(template.read_text().replace(right, "none:Such"))
    return folder


def test_a_queue_that_the_functions_role_may_not_read_cannot_be_its_source(
    guarded: EmbeddedAws, build: Path, tmp_path: Path
) -> None:
    with pytest.raises(DeployError, match="permissions to call ReceiveMessage on SQS"):
        deploy(guarded, without(build, tmp_path / "build", "sqs:ReceiveMessage"), "unread", {})


def test_a_state_machine_fails_where_its_role_may_not_invoke(guarded: EmbeddedAws, build: Path, tmp_path: Path) -> None:
    outputs = deploy(guarded, without(build, tmp_path / "build", "lambda:InvokeFunction"), "uninvoked", {})

    execution = run(guarded, outputs["Machine"], ["open"])

    machines = guarded.client("stepfunctions")
    (of_map,) = machines.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    (child,) = machines.list_executions(mapRunArn=of_map["mapRunArn"])["executions"]
    failed = machines.describe_execution(executionArn=child["executionArn"])
    assert (failed["status"], failed["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "is not authorized to perform: lambda:InvokeFunction" in failed["cause"]


@pytest.mark.parametrize(
    ("right", "refusal"), [("sns:Publish", "AuthorizationError"), ("kms:GenerateDataKey", "KMSAccessDenied")]
)
def test_publishing_to_an_encrypted_topic_needs_the_topic_and_its_key(
    guarded: EmbeddedAws, build: Path, tmp_path: Path, right: str, refusal: str
) -> None:
    outputs = deploy(guarded, without(build, tmp_path / "build", right), right.replace(":", "-"), {})

    error, answer = ask(guarded, outputs["Function"], {})

    assert error == "Unhandled"
    assert refusal in answer["errorMessage"]


def test_log_lines_that_the_role_may_not_write_are_lost(guarded: EmbeddedAws, build: Path, tmp_path: Path) -> None:
    outputs = deploy(guarded, without(build, tmp_path / "build", "logs:PutLogEvents"), "mute", {})

    ask(guarded, outputs["Function"], {"place": "open", "run": "", "since": ""})

    assert guarded.client("logs").filter_log_events(logGroupName=outputs["Log"])["events"] == []


# --- the process


def test_the_process_takes_everything_with_it_when_its_parent_is_killed() -> None:
    script = """
        import os, signal
        from embedded.process import EmbeddedAws
        aws = EmbeddedAws()
        aws.start()
        print(aws.pid, aws.log.parent, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    pid, workspace = parent.stdout.split()

    eventually(lambda: not Path(f"/proc/{pid}").exists() and not Path(workspace).exists(), within=10)


def test_nothing_is_left_after_the_end(interpreter: Path, build: Path) -> None:
    with EmbeddedAws(runtimes={"python3.13": interpreter}) as aws:
        outputs = deploy(aws, build, "app", {})
        ask(aws, outputs["Function"], {})
        pid, workspace = aws.pid, aws.log.parent
        assert group(pid)

    assert not group(pid)
    assert not workspace.exists()


def group(pid: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, of = path.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue  # it ended while we looked
        if int(of) == pid and state != "Z":
            found.append(int(path.parent.name))
    return found


def test_the_environment_leads_every_tool_here_and_nowhere_else(aws: EmbeddedAws) -> None:
    environment = aws.environment()

    assert environment["AWS_ENDPOINT_URL"] == aws.url
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["SAM_CLI_TELEMETRY"] == "0"


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(StartError, match="invalid float value"):
        EmbeddedAws(pending="soon").start()  # type: ignore[arg-type]


def test_other_versions_and_lost_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches, "VERSIONS", {"ministack": "1.0.0"})
    monkeypatch.setattr(patches, "PRIVATE", (("ministack.core.router", "no_such_name"), ("ministack.moved", "all")))

    with pytest.raises(patches.EmulatorError) as refused:
        patches.check()

    assert str(refused.value) == (
        "embedded AWS: ministack 1.0.0 is required, found 1.5.33; "
        "ministack.core.router.no_such_name is gone; ministack.moved.all is gone"
    )
