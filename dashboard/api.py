"""What the server answers to machines: /metrics, /api/status, /api/alerts and /api/incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from burnline.dashboard.answers import document, moment, plain
from burnline.dashboard.openmetrics import CONTENT_TYPE, exposition
from burnline.errors import BurnlineError
from burnline.workspace import Workspace


def routes(directory: Path) -> list[Route]:
    """The routes of a workspace. Definitions are read anew each time: they may have been edited.

    An answer is kept until rollups or definitions change, as a scraper asks every few seconds; what people say
    is read each time.
    """

    @lru_cache(maxsize=16)
    def answer(version: str, question: str, model: str | None, at: datetime | None) -> Any:
        del version
        return getattr(Workspace.open(directory), question)(model, at=at)

    def ask(request: Request, question: str) -> tuple[Any, Workspace]:
        workspace = Workspace.open(directory)
        at = moment(request.query_params.get("at"), workspace.spec.timezone)
        return answer(workspace.version(), question, request.query_params.get("model"), at), workspace

    def metrics(request: Request) -> Response:
        return Response(exposition(ask(request, "status")[0]), headers={"Content-Type": CONTENT_TYPE})

    def status(request: Request) -> Response:
        return _json(plain(ask(request, "status")[0]))

    def listing(what: Literal["alerts", "incidents"]) -> Callable[[Request], Response]:
        def listed(request: Request) -> Response:
            found, workspace = ask(request, "alerting")
            return _json([plain(item) for item in getattr(found.told(workspace.records()), what)])

        return listed

    return [
        Route("/metrics", _guarded(metrics)),
        Route("/api/status", _guarded(status)),
        Route("/api/alerts", _guarded(listing("alerts"))),
        Route("/api/incidents", _guarded(listing("incidents"))),
    ]


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
