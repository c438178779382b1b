"""What changed in the inputs and outputs of a model, and whether it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from burnline.dashboard.call import Call, at_option, common, moment, pass_call

if TYPE_CHECKING:
    from burnline.results.drift import DriftReport, FeatureDrift

_HARM = {True: ("harmful", "red"), False: ("harmless", "green"), None: ("unknown", "yellow")}


@click.command()
@common
@click.argument("model")
@click.option("--from", "start", metavar="TIME", help="Begin of the window; seven days before its end unless given.")
@click.option("--to", "end", metavar="TIME", help="End of the window; the newest log unless given.")
@click.option(
    "--baseline",
    type=click.Choice(["reference", "trailing"]),
    default="reference",
    show_default=True,
    help="Compare with the reference, or with as long a time before the window.",
)
@click.option("--step", type=click.Choice(["1d", "1h"]), default="1d", show_default=True, help="Length of the buckets.")
@at_option
@pass_call
def drift(
    call: Call,
    model: str,
    start: str | None,
    end: str | None,
    baseline: Literal["reference", "trailing"],
    step: Literal["1d", "1h"],
    at: str | None,
) -> None:
    """Show how far each column has moved, since when, whether it hurts, and concept drift."""
    workspace = call.workspace()
    report = workspace.drift(
        model,
        at=moment(at, workspace),
        start=moment(start, workspace),
        end=moment(end, workspace),
        baseline=baseline,
        step=step,
    )
    call.answer(report, lambda: _text(report))


def _text(report: DriftReport) -> str:
    from burnline.dashboard.text import number, table

    window = report.window
    lines = [
        report.sentence,
        "",
        f"{window.from_:%Y-%m-%d %H:%M} to {window.to:%Y-%m-%d %H:%M %Z}, {number(window.rows)} requests.",
    ]
    if report.reference is not None:
        lines.append(report.reference.sentence)
    lines += report.notes
    if report.features:
        header = ("column", "", "rows", "PSI", "season", "KS", "effect", "null", "drift", "harm", "since")
        lines += ["", table(header, [_row(f) for f in report.features], right=frozenset({2, 3, 4, 5, 6, 7}))]
        lines += ["", *(f"{f.feature}: {f.reason}" for f in report.features if f.drifted)]
    concept = report.concept
    lines += ["", f"Concept drift: {concept.reason}", *(f"  {place.sentence}" for place in concept.where)]
    if concept.answers is not None:
        lines.append(concept.answers.sentence)
    return "\n".join(lines)


def _row(one: FeatureDrift) -> tuple[str, ...]:
    from burnline.dashboard.text import BLANK, number, percent

    def figure(value: float | None, digits: int = 3) -> str:
        return BLANK if value is None else f"{value:.{digits}f}"

    harm, colour = _HARM[one.harmful]
    return (
        one.feature,
        one.role if one.role != "feature" else one.kind,
        number(one.n),
        figure(one.psi),
        figure(one.psi_seasonal),
        figure(one.ks),
        figure(one.effect, 2),
        percent(one.nulls[1]),
        click.style("drifted", fg="yellow") if one.drifted else BLANK,
        click.style(harm, fg=colour) if one.drifted else BLANK,
        f"{one.first_seen:%d %b %H:%M}" if one.first_seen is not None else BLANK,
    )
