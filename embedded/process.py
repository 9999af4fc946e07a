"""How do a demo and a test get an AWS of their own, and be rid of it?

    with EmbeddedAws(iam=True) as aws:
        outputs = deploy(aws, Path(".aws-sam/build"), "vpce", {})
        aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")

The server is a process of its own, with a clean environment, because functions inherit it. It ends with the `with`,
and also when this process is killed: it watches its parent. Nothing stays behind, no process and no file.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import yaml
from botocore.config import Config

from embedded.control import Fault
from embedded.server import listening_socket
from embedded.settings import ACCOUNT, CONTROL, REGION

REPOSITORY = Path(__file__).resolve().parent.parent
SECRET = "test"  # the secret of every account's root
ARTIFACTS = "embedded-aws-artifacts"
START_WITHIN = 60.0
END_WITHIN = 5.0


class StartError(RuntimeError):
    """The server ended before it answered."""


class DeployError(RuntimeError):
    """A stack failed; the message names the resources and their reasons."""


class EmbeddedAws:
    """An AWS on this machine."""

    def __init__(
        self,
        *,
        iam: bool = False,
        event_delay: float = 0.2,
        pending: float = 1.0,
        deleting: float = 1.0,
        runtimes: Mapping[str, str | Path] | None = None,
        region: str = REGION,
        log: Path | None = None,
    ) -> None:
        self.region = region
        self.account = ACCOUNT
        self.iam = iam
        self._options = [f"--event-delay={event_delay}", f"--pending={pending}", f"--deleting={deleting}"]
        self._options += ["--iam"] if iam else []
        self._options += [f"--runtime={name}={python}" for name, python in sorted((runtimes or {}).items())]
        self._log = log
        self._url = ""
        self._workspace: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self._url

    @property
    def log(self) -> Path:
        """What the server has to say; gone with it unless a place was given."""
        if self._log is None:
            if self._workspace is None:
                raise StartError("the embedded AWS is not running")
            return self._workspace / "log"
        return self._log

    @property
    def pid(self) -> int:
        if self._server is None:
            raise StartError("the embedded AWS is not running")
        return self._server.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._workspace = Path(tempfile.mkdtemp(prefix="embedded-aws-"))
        (self._workspace / "tmp").mkdir()
        with listening_socket() as listener, self.log.open("wb") as log:
            self._url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            command = [
                *(sys.executable, "-m", "embedded.server"),
                *(f"--socket={listener.fileno()}", f"--parent={os.getpid()}", f"--workspace={self._workspace}"),
                *self._options,
            ]
            self._server = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=self._clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # one group with the functions, so that none of them is left
            )
        self._wait_for_health()

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(END_WITHIN)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
            self._server = None
        if self._workspace is not None:
            shutil.rmtree(self._workspace, ignore_errors=True)
            self._workspace = None

    def client(
        self,
        service: str,
        region: str | None = None,
        account: str | None = None,
        *,
        credentials: Mapping[str, Any] | None = None,
    ) -> Any:
        """A boto3 client, as the root of an account or with what AssumeRole gave.

        It does not try again, so that every fault is seen.
        """
        session = boto3.session.Session(
            aws_access_key_id=credentials["AccessKeyId"] if credentials else account or self.account,
            aws_secret_access_key=credentials["SecretAccessKey"] if credentials else SECRET,
            aws_session_token=credentials["SessionToken"] if credentials else None,
            region_name=region or self.region,
        )
        settings = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.url, config=settings)  # type: ignore[call-overload]

    def environment(self) -> dict[str, str]:
        """What makes the AWS CLI, the SAM CLI and boto3 talk to this AWS; to be laid over `os.environ`."""
        return {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_PAGER": "",
            "AWS_REGION": self.region,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": "",
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
        }

    def inject(self, service: str, action: str = "*", **fault: Any) -> None:
        """Make calls fail or wait; see `embedded.control.Fault` for the words."""
        self._ask("POST", "faults", [asdict(Fault(service=service, action=action, **fault))])

    def calls(self, service: str | None = None) -> list[dict[str, Any]]:
        """What was called, oldest first; see `embedded.control.Call`."""
        found: list[dict[str, Any]] = self._ask("GET", f"calls?service={service}" if service else "calls")
        return found

    def mails(self) -> list[dict[str, Any]]:
        """What topics sent by mail, oldest first; see `embedded.control.Mail`."""
        found: list[dict[str, Any]] = self._ask("GET", "mails")
        return found

    def role(self, arn: str, service: str) -> Any:
        """A client with a role's credentials: what a function may do, tried from outside."""
        assumed = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="tried-by-hand")
        return self.client(service, credentials=assumed["Credentials"])

    def heal(self) -> None:
        """No more faults."""
        self._ask("DELETE", "faults")

    def forget(self) -> None:
        """No more faults, no calls and no mails remembered."""
        for what in ("faults", "calls", "mails"):
            self._ask("DELETE", what)

    def _ask(self, method: str, what: str, document: object = None) -> Any:
        request = urllib.request.Request(f"{self.url}{CONTROL}{what}", json.dumps(document).encode(), method=method)
        with urllib.request.urlopen(request, timeout=START_WITHIN) as answer:
            return json.load(answer)

    def _clean_environment(self) -> dict[str, str]:
        return {
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "HOME": str(self._workspace),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": f"{self._workspace}/tmp",
        }

    def _wait_for_health(self) -> None:
        """The socket listens already, so the first answer comes when there is one."""
        until = time.monotonic() + START_WITHIN
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                self._ask("GET", "health")
                return
            if self._server is not None and self._server.poll() is not None:
                break
            time.sleep(0.05)
        said = self.log.read_text(errors="replace")[-4000:]
        self.stop()
        raise StartError(f"the embedded AWS did not start:\n{said}")


# --- a deployment without the SAM CLI


def deploy(aws: EmbeddedAws, build: Path, stack: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Make or change a stack from what `sam build` left, and give its outputs."""
    s3, cloudformation = aws.client("s3"), aws.client("cloudformation")
    _make_bucket(s3, aws.region)
    template: Any = yaml.load((build / "template.yaml").read_text(), _TemplateLoader)
    for name, resource in template["Resources"].items():
        for property_name, pack in _LOCAL.get(resource["Type"], {}).items():
            path = resource.get("Properties", {}).get(property_name)
            if isinstance(path, str) and not path.startswith("s3://"):
                key = f"{stack}/{name}-{time.time_ns():x}"  # new code is a new key, else nothing would change
                s3.put_object(Bucket=ARTIFACTS, Key=key, Body=pack(build / path))
                resource["Properties"][property_name] = f"s3://{ARTIFACTS}/{key}"
    s3.put_object(Bucket=ARTIFACTS, Key=f"{stack}/template", Body=json.dumps(template, default=str).encode())
    exists = any(s["StackName"] == stack for s in cloudformation.describe_stacks()["Stacks"])
    (cloudformation.update_stack if exists else cloudformation.create_stack)(
        StackName=stack,
        TemplateURL=f"{aws.url}/{ARTIFACTS}/{stack}/template",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
    )
    return _outputs(cloudformation, stack)


def _make_bucket(s3: Any, region: str) -> None:
    if any(bucket["Name"] == ARTIFACTS for bucket in s3.list_buckets()["Buckets"]):
        return
    if region == "us-east-1":
        s3.create_bucket(Bucket=ARTIFACTS)
    else:
        s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": region})


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    while True:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        why = reasons or [found.get("StackStatusReason", "no reason was given")]
        raise DeployError("\n".join([f"{stack} is {found['StackStatus']}", *why]))
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()


_LOCAL: Mapping[str, Mapping[str, Callable[[Path], bytes]]] = {
    "AWS::Serverless::Function": {"CodeUri": _zipped},
    "AWS::Serverless::LayerVersion": {"ContentUri": _zipped},
    "AWS::Serverless::StateMachine": {"DefinitionUri": Path.read_bytes},
}


class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


yaml.add_multi_constructor("!", _function, Loader=_TemplateLoader)
