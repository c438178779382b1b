"""What the server answers to machines: /metrics and /api/status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from burnline.dashboard.answers import document, moment, plain
from burnline.dashboard.openmetrics import CONTENT_TYPE, exposition
from burnline.errors import BurnlineError
from burnline.results import FleetStatus
from burnline.workspace import Workspace


def routes(directory: Path) -> list[Route]:
    """The routes of a workspace. Definitions are read anew each time: they may have been edited."""

    def status(request: Request) -> FleetStatus:
        workspace = Workspace.open(directory)
        at = moment(request.query_params.get("at"), workspace.spec.timezone)
        return workspace.status(request.query_params.get("model"), at=at)

    def metrics(request: Request) -> Response:
        return Response(exposition(status(request)), headers={"Content-Type": CONTENT_TYPE})

    def api_status(request: Request) -> Response:
        return _json(plain(status(request)))

    return [Route("/metrics", _guarded(metrics)), Route("/api/status", _guarded(api_status))]


def _json(value: object, code: int = 200) -> Response:
    return Response(document(value), code, media_type="application/json")


def _guarded(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """An endpoint whose errors are JSON with the sentence that the command line would print."""

    def endpoint(request: Request) -> Response:
        try:
            return answer(request)
        except BurnlineError as error:
            return _json({"error": str(error)}, 400)

    return endpoint
