"""The dashboard's server: Streamlit with two more routes, on this machine only unless told otherwise."""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import os
import pkgutil
import socket
import sys
import threading
import time
import tomllib
import urllib.request
import webbrowser
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click

from burnline.errors import BurnlineError

HERE = Path(__file__).resolve().parent
FIRST_PORT = 8501
PORTS_TRIED = 50
WORKSPACE = "BURNLINE_WORKSPACE"


def serve(
    directory: Path,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    allow_remote: bool = False,
    open_browser: bool = False,
) -> None:
    """Serve the dashboard of the workspace in `directory` until interrupted; print its URL when it answers."""
    if not allow_remote and not is_loopback(host):
        raise BurnlineError(
            f"{host} is open to other machines and the dashboard has no login: add --allow-remote if that is meant."
        )
    directory = directory.resolve()
    from burnline.workspace import Workspace

    Workspace.open(directory)
    port = free_port(host) if port is None else claimed_port(host, port)
    os.environ[WORKSPACE] = str(directory)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    threading.Thread(target=_announce, args=(url, open_browser), daemon=True).start()
    _run(directory, host, port, allow_remote)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def claimed_port(host: str, port: int) -> int:
    """`port`, or any free one for 0; an error that says so when it is taken."""
    try:
        return _bind(host, port)
    except OSError as error:
        raise BurnlineError(
            f"port {port} of {host} cannot be used ({error.strerror}): stop what uses it or choose another with --port."
        ) from None


def free_port(host: str) -> int:
    """The first free port from 8501."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            return _bind(host, port)
        except OSError:
            continue
    return claimed_port(host, 0)


def configuration(host: str, port: int) -> dict[str, Any]:
    """Streamlit's settings: the packaged theme, then what serving on one machine in private needs."""
    return {
        **_packaged(),
        "browser.gatherUsageStats": False,
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "server.address": host,
        "server.enableStaticServing": True,
        "server.fileWatcherType": "none",
        "server.headless": True,
        "server.port": port,
    }


def _packaged() -> dict[str, Any]:
    places = (HERE / "_streamlit" / "config.toml", HERE.parent / ".streamlit" / "config.toml")
    found = next((place for place in places if place.is_file()), None)
    return dict(_flat(tomllib.loads(found.read_text(encoding="utf-8")))) if found else {}


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _bind(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        bound: int = probe.getsockname()[1]
        return bound


def _run(directory: Path, host: str, port: int, allow_remote: bool) -> None:
    import streamlit as st
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from burnline.dashboard.api import routes

    # A page of another site could otherwise reach the server under a name of its own that resolves to loopback.
    names = ["*"] if allow_remote else ["localhost", "127.0.0.1", "[::1]", host]
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=names)
    app = st.App(HERE / "app.py", routes=routes(directory), middleware=[guard], lifespan=_warming)
    app.run(config=configuration(host, port))


@asynccontextmanager
async def _warming(_: object) -> AsyncIterator[None]:
    """Warm up before the first visitor is let in: a server that is up answers at once."""
    await asyncio.to_thread(_warm)
    alerts = asyncio.create_task(asyncio.to_thread(_warm_alerts))
    yield
    alerts.cancel()


def _warm() -> None:
    """Import what pages import and ask what they ask first, so that the first visitor finds it done."""
    from burnline.dashboard import charts, parts, reads
    from burnline.dashboard.charts.two_tracks import two_tracks

    importlib.import_module("pandas")  # Streamlit imports it with the first table
    for package in (charts, parts):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    # A page will say what is wrong with the workspace, where it can be read.
    with suppress(BurnlineError):
        two_tracks(reads.status().models).to_json()
        reads.history(30)


def _warm_alerts() -> None:
    """Replay the history of every SLO while the first visitor reads the first page."""
    from burnline.dashboard import reads

    with suppress(BurnlineError):
        alerting = reads.alerting()
        # Each is worked out when it is asked for, once.
        _ = alerting.alerts, alerting.on_burns, alerting.incidents


def _announce(url: str, open_browser: bool) -> None:
    health = f"{url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]')}/_stcore/health"
    # No proxy stands between this process and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with opener.open(health, timeout=5):
                break
        except OSError:
            time.sleep(0.05)
    click.echo(f"Burnline is at {url}  (Ctrl-C stops it)")
    if open_browser and _has_screen():
        webbrowser.open(url)


def _has_screen() -> bool:
    """Whether a browser could open a window; without one, Python would start a text browser in this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
