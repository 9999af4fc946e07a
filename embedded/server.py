"""How does AWS run on this machine, in one process and without Docker?

ministack is everything but EC2; moto, made strict, is EC2; this module puts the two together, sends EC2's events to
EventBridge, keeps a record of the calls and makes calls fail when a test wants it.

    python -m embedded.server --port 4566 [--iam] [--event-delay 0.2] [--pending 1] [--deleting 1]
                              [--runtime python3.13=/path/to/python]

The server listens on 127.0.0.1 only. `GET /_embedded/health` answers as soon as it is up;
`POST` and `DELETE /_embedded/faults`, `GET` and `DELETE /_embedded/calls` and `/_embedded/mails` are its controls.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.settings import ACCOUNT, REGION, Settings


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command line."""

    port: int
    socket: int | None  # a listening socket that was inherited, instead of a port
    settings: Settings
    parent: int | None  # end when this process ends
    workspace: Path | None  # removed at the end


def options_from(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m embedded.server", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--socket", type=int, help="file descriptor of a listening socket, instead of a port")
    parser.add_argument("--iam", action="store_true", help="enforce IAM policies")
    parser.add_argument("--event-delay", type=float, default=0.2, metavar="S", help="from an EC2 call to its event")
    parser.add_argument("--pending", type=float, default=1.0, metavar="S", help="until an endpoint is available")
    parser.add_argument("--deleting", type=float, default=1.0, metavar="S", help="until a deleted endpoint is gone")
    parser.add_argument("--runtime", action="append", default=[], metavar="NAME=PYTHON", help="an interpreter")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process ends")
    parser.add_argument("--workspace", type=Path, help="a folder to remove at the end")
    given = parser.parse_args(arguments)
    return Options(
        port=given.port,
        socket=given.socket,
        settings=Settings(
            iam=given.iam,
            event_delay=given.event_delay,
            pending=given.pending,
            deleting=given.deleting,
            runtimes=dict(pair.split("=", 1) for pair in given.runtime),
        ),
        parent=given.parent,
        workspace=given.workspace,
    )


def listening_socket(port: int = 0) -> socket.socket:
    """A socket on the loopback interface, on a free port if none is named."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    opened.listen(128)
    return opened


def set_environment(options: Options, port: int) -> None:
    """Settings that ministack reads when it is imported."""
    os.environ.update(
        {
            "AWS_EC2_METADATA_DISABLED": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",  # else 0.0.0.0:8883 opens
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "SFTP_ENABLED": "0",
        }
    )
    os.environ.pop("AUTH", None)
    if options.settings.iam:
        os.environ["AUTH"] = "true"


def end_with(parent: int) -> None:
    """Ask ourselves to end once the parent is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


async def serve(gateway: Any, listener: socket.socket) -> None:
    from hypercorn.asyncio import serve as serve_http
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await serve_http(gateway, config, shutdown_trigger=ended.wait)


def main(arguments: Sequence[str]) -> None:
    options = options_from(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the server handles it
    if options.parent is not None:
        end_with(options.parent)
    listener = listening_socket(options.port) if options.socket is None else socket.socket(fileno=options.socket)
    port = listener.getsockname()[1]
    set_environment(options, port)
    logging.basicConfig(level=os.environ["LOG_LEVEL"])
    try:
        from embedded.gateway import Gateway  # and with it the emulators

        gateway = Gateway(options.settings)
        print(f"embedded AWS: http://127.0.0.1:{port} (pid {os.getpid()})", flush=True)
        asyncio.run(serve(gateway, listener))
    finally:
        with contextlib.suppress(Exception):  # the end must come, whatever state ministack is in
            from embedded.patches import stop_functions

            stop_functions()
        if options.workspace is not None:
            shutil.rmtree(options.workspace, ignore_errors=True)
    os._exit(0)  # threads of ministack may still wait for something


if __name__ == "__main__":
    main(sys.argv[1:])
