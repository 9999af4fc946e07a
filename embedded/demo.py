"""The main job, seen working: deployed by SAM, a tagged VPC gets its endpoints, an audit tells what is wrong.

    python -m embedded.demo

Everything runs on this machine, in an AWS of its own that is gone at the end. Exit code 0, or 1 with the reason.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from embedded.process import REPOSITORY, EmbeddedAws, StartError

if TYPE_CHECKING:
    from collections.abc import Callable

STACK, VPC_STACK = "vpce", "private-vpc"
MAILBOX = "platform-team@example.com"
SAM = REPOSITORY / ".venv-sam/bin/sam"
LAMBDA_PYTHON = REPOSITORY / ".venv-lambda/bin/python"
RULES = ("VpcChanged", "VpcTagged", "VpcTagChanged")


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


class Story:
    """One telling of the main job."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.started = time.monotonic()
        self.ec2 = aws.client("ec2")
        self.cloudformation = aws.client("cloudformation")
        self.states = aws.client("stepfunctions")
        self.events = aws.client("events")

    def tell(self) -> None:
        self.say("A local AWS is up, with IAM enforced. Building and deploying the real template with the SAM CLI.")
        self.deploy()
        vpc = self.make_the_vpc()
        self.wait_for_endpoints(vpc)
        broken = self.break_it(vpc)
        self.audit()
        self.wait_until_healed(vpc, broken)
        self.delete_an_endpoint(vpc)
        self.lose_the_tag(vpc)
        self.sum_up(vpc)

    def say(self, text: str) -> None:
        stamp = f"[{time.monotonic() - self.started:5.1f}s] "
        print(textwrap.fill(text, 110, initial_indent=stamp, subsequent_indent=" " * len(stamp)), flush=True)

    def show(self, text: str) -> None:
        print(textwrap.indent(text.rstrip(), " " * 9), flush=True)

    # ---- the installation

    def deploy(self) -> None:
        path = os.pathsep.join([str(REPOSITORY / ".venv/bin"), os.environ.get("PATH", os.defpath)])
        environment = os.environ | self.aws.environment() | {"PATH": path}
        self.aws.client("s3").create_bucket(
            Bucket="vpce-artifacts", CreateBucketConfiguration={"LocationConstraint": self.aws.region}
        )
        for words in (["build"], ["deploy", "--config-env", "embedded"]):
            self._sam(words, environment)
        self.outputs = self._outputs(STACK)
        resources = self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        self.say(f"Stack {STACK} is there: {len(resources)} resources. {MAILBOX} gets its messages.")

    def _sam(self, words: list[str], environment: dict[str, str]) -> None:
        self.say(f"sam {' '.join(words)} ...")
        # The SAM CLI prints pages of progress; they matter only if it fails.
        done = subprocess.run(
            [str(SAM), *words], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoError(f"sam {words[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")

    def _outputs(self, stack: str) -> dict[str, str]:
        found = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in found["StackStatus"]:
            raise DemoError(f"stack {stack} is {found['StackStatus']}: {found.get('StackStatusReason', '')}")
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    # ---- a VPC with a tag

    def make_the_vpc(self) -> str:
        template = (REPOSITORY / "examples/private-vpc.yaml").read_text()
        self.say("CloudFormation makes examples/private-vpc.yaml: two private subnets, no way out, and one tag.")
        self.show("endpoint-profile = private")
        self.cloudformation.create_stack(StackName=VPC_STACK, TemplateBody=template)
        self.until(
            lambda: (
                self.cloudformation.describe_stacks(StackName=VPC_STACK)["Stacks"][0]["StackStatus"]
                != "CREATE_IN_PROGRESS"
            ),
            "the VPC's stack",
        )
        return self._outputs(VPC_STACK)["VpcId"]

    def endpoints(self, vpc: str) -> list[Any]:
        found = self.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
        return sorted(found, key=lambda e: (e["VpcEndpointType"], e["ServiceName"]))

    def endpoint(self, vpc: str, service: str) -> Any:
        return next((e for e in self.endpoints(vpc) if e["ServiceName"].endswith(f".{service}")), None)

    def wait_for_endpoints(self, vpc: str) -> None:
        self.say(f"{vpc} is there. Nobody does anything now; EventBridge tells vpce, and endpoints come at EC2's pace.")
        seen: set[str] = set()

        def settled() -> bool:
            done = self._is_as_planned(vpc)
            for endpoint in self.endpoints(vpc):
                if endpoint["State"] == "available" and endpoint["VpcEndpointId"] not in seen:
                    seen.add(endpoint["VpcEndpointId"])
                    self._progress(endpoint)
            return done

        self.until(settled, "the endpoints of profile private", seconds=180)
        kinds = Counter(e["VpcEndpointType"] for e in self.endpoints(vpc))
        self.say(f"{kinds['Interface']} interface and {kinds['Gateway']} gateway endpoints are available.")

    def _progress(self, endpoint: Any) -> None:
        name = endpoint["ServiceName"].split(f"{self.aws.region}.")[1]
        dns = "on" if endpoint["PrivateDnsEnabled"] else "off"
        where = (
            f"on {len(endpoint['RouteTableIds'])} route tables"
            if endpoint["VpcEndpointType"] == "Gateway"
            else f"in {len(endpoint['SubnetIds'])} zones, private DNS {dns}"
        )
        self.show(f"+ {name:<16} {endpoint['VpcEndpointType']:<10} {where}")

    def _is_as_planned(self, vpc: str) -> bool:
        """Asked of the product itself, as anybody would: `vpce plan` ends with 0 when nothing is to be done."""
        done = self.vpce("plan", vpc, "--json")
        if done.returncode not in (0, 3):
            raise DemoError(f"vpce plan: {done.stderr}")
        steps = json.loads(done.stdout)["steps"]
        return not any(s["step"].startswith(("Create", "Update", "Delete", "Enable", "Wait")) for s in steps)

    def vpce(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vpce.cli", *words]
        environment = os.environ | self.aws.environment()
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    # ---- something breaks

    def break_it(self, vpc: str) -> dict[str, str]:
        self.say(
            "Now two things break, and their events are lost (the rules are off): somebody switches off private DNS of "
            "the sqs endpoint, and takes a route table from the S3 gateway."
        )
        for rule in self._rules():
            self.events.disable_rule(Name=rule)
        sqs, s3 = self.endpoint(vpc, "sqs"), self.endpoint(vpc, "s3")
        table = self._outputs(VPC_STACK)["RouteTableIds"].split(",")[0]
        self.ec2.modify_vpc_endpoint(VpcEndpointId=sqs["VpcEndpointId"], PrivateDnsEnabled=False)
        self.ec2.modify_vpc_endpoint(VpcEndpointId=s3["VpcEndpointId"], RemoveRouteTableIds=[table])
        self.until(lambda: self.endpoint(vpc, "sqs")["State"] == "available", "the change of sqs")
        return {"sqs": sqs["VpcEndpointId"], "s3": s3["VpcEndpointId"], "table": table}

    def _rules(self) -> list[str]:
        found = self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        return [r["PhysicalResourceId"] for r in found if r["LogicalResourceId"] in RULES]

    def audit(self) -> None:
        self.say("The scheduled audit, started by hand: Step Functions, one Lambda per place, one report.")
        before = len(self.aws.mails())
        execution = self.states.start_execution(stateMachineArn=self.outputs["AuditRunArn"])["executionArn"]
        self.until(
            lambda: self.states.describe_execution(executionArn=execution)["status"] != "RUNNING",
            "the audit",
            seconds=90,
        )
        end = self.states.describe_execution(executionArn=execution)
        if end["status"] != "SUCCEEDED":
            raise DemoError(f"the audit {end['status']}: {end.get('error')} {end.get('cause')}")
        mail = self.until(lambda: next(iter(self._audit_mails(before)), None), "the audit's message")
        self.say("This is what the team reads in its mailbox:")
        self.show(f"To:      {mail['to']}\nSubject: {mail['subject']}\n\n{mail['text']}")
        for wanted in ("private DNS is off", "has no route to s3"):
            if wanted not in mail["text"]:
                raise DemoError(f"the audit did not tell that {wanted!r}")

    def _audit_mails(self, before: int) -> list[Any]:
        return [m for m in self.aws.mails()[before:] if "audit" in m["subject"]]

    def wait_until_healed(self, vpc: str, broken: dict[str, str]) -> None:
        self.say("The audit also queued the VPC to be mended.")
        self.until(
            lambda: (
                self.endpoint(vpc, "sqs")["PrivateDnsEnabled"]
                and broken["table"] in self.endpoint(vpc, "s3")["RouteTableIds"]
            ),
            "the healing",
        )
        self.show(f"~ sqs {broken['sqs']}: private DNS is on again")
        self.show(f"~ s3  {broken['s3']}: {broken['table']} is covered again")

    def delete_an_endpoint(self, vpc: str) -> None:
        for rule in self._rules():
            self.events.enable_rule(Name=rule)
        kms = self.endpoint(vpc, "kms")["VpcEndpointId"]
        self.say("With events on again, no audit is needed: somebody deletes the kms endpoint.")
        self.ec2.delete_vpc_endpoints(VpcEndpointIds=[kms])
        self.until(
            lambda: (e := self.endpoint(vpc, "kms")) and e["VpcEndpointId"] != kms and e["State"] == "available",
            "a new kms endpoint",
            seconds=90,
        )
        self.show(f"+ kms {self.endpoint(vpc, 'kms')['VpcEndpointId']} took the place of {kms}")
        self.until(lambda: self._is_as_planned(vpc), "the last look")

    def lose_the_tag(self, vpc: str) -> None:
        before = {e["VpcEndpointId"] for e in self.endpoints(vpc)}
        tag = {"Key": "endpoint-profile", "Value": "private"}
        self.say(
            "Somebody takes the tag away. Nothing is deleted: what nobody asks for is marked, and people are told."
        )
        self.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": tag["Key"]}])
        mail = self.until(
            lambda: next((m for m in self.aws.mails() if "To keep what is marked" in m["text"]), None), "the message"
        )
        lines = mail["text"].splitlines()
        self.show("\n".join([*lines[:5], "...", *(line for line in lines if "To keep what is marked" in line)]))
        self.ec2.create_tags(Resources=[vpc], Tags=[tag])
        self.until(lambda: not self._marked(vpc), "the end of the marks")
        if {e["VpcEndpointId"] for e in self.endpoints(vpc)} != before:
            raise DemoError("an endpoint changed though the tag was put back in time")
        self.say("The tag was put back: the marks are gone, and every endpoint is the one that it was.")

    def _marked(self, vpc: str) -> list[str]:
        marks = (t["Key"] for e in self.endpoints(vpc) for t in e["Tags"])
        return [key for key in marks if key == "vpce:delete-after"]

    def sum_up(self, vpc: str) -> None:
        calls = self.aws.calls("ec2")
        refused = [c for c in calls if c["error"]]
        ours = [c for c in calls if "assumed-role" in c["principal"]]
        self.say("vpce explain says why everything is as it is:")
        self.show(self.vpce("explain", vpc).stdout)
        self.say("And how a client in the VPC gets to a service: the name's way, then the packet's.")
        self.show(self.vpce("explain", vpc, "sqs").stdout)
        for call in refused:
            raise DemoError(f"EC2 refused {call['action']} by {call['principal']}: {call['error']}")
        self.say(
            f"Done. The functions made {len(ours)} EC2 calls under their own roles, none was refused; "
            f"{len(self.aws.mails())} messages were sent."
        )

    # ---- waiting

    def until(self, true: Callable[[], Any], what: str, *, seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        for look in itertools.count():
            if value := true():
                return value
            if time.monotonic() > end:
                raise DemoError(f"waited {seconds:.0f} s for {what}, in vain ({look} looks)")
            time.sleep(0.3)
        raise AssertionError


def logs_of(aws: EmbeddedAws) -> str:
    """What the functions wrote, for whoever has to find out why it failed."""
    logs = aws.client("logs")
    groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]]
    lines = [e["message"].rstrip() for g in groups for e in logs.filter_log_events(logGroupName=g)["events"]]
    return "\n".join(line for line in lines if "ERROR" in line or "Traceback" in line or "Error" in line)[-4000:]


def main() -> int:
    started = time.monotonic()
    print("vpce: a tagged VPC gets its endpoints, and an audit tells what is wrong.", flush=True)
    try:
        with EmbeddedAws(iam=True, runtimes={"python3.13": LAMBDA_PYTHON}) as aws:
            story = Story(aws)
            try:
                story.tell()
            except DemoError:
                print(logs_of(aws), file=sys.stderr)
                raise
    except (DemoError, StartError) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running.", file=sys.stderr)
        return 1
    print(f"\nOK: deployed, tagged, broken, told and healed in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
