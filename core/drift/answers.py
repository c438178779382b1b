"""Whether the same request is answered differently than before: a change of the model, not of its inputs.

Canary requests ask the same questions again and again. The first answer to a question is the known one; a later answer
that differs is a changed one, whatever labels say and without waiting for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from burnline.budgets.evidence import limits
from burnline.errors import BurnlineError
from burnline.logs import RawFile, Shape, shape
from burnline.logs.engine import connect, first_row, frame
from burnline.logs.files import literal_pattern
from burnline.logs.relation import microseconds, number
from burnline.results.drift import ChangedAnswers
from burnline.rollups.scan import named_files
from burnline.spec import WorkspaceSpec

# Numbers that differ by less than one part in a million are the same answer: another machine adds in another order.
TOLERANCE = 1e-6
# Without canaries: the newest rows that are looked at, and how often one version must agree with itself.
NEWEST_ROWS = 5_000_000
_AGREES = 0.99

SCHEMA = pl.Schema(
    {
        "us": pl.Int64(),
        "inputs": pl.UInt64(),
        "answer": pl.String(),
        "version": pl.String(),
        "request": pl.UInt64(),
        "weight": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Answers:
    """Answers of one model to requests: ``requests`` as ``changed_answers`` takes them.

    ``canaries`` says that these are canary requests; otherwise they are the newest requests of all.
    """

    requests: pl.DataFrame
    canaries: bool


def changed_answers(
    requests: pl.DataFrame, *, canaries: bool = True, start: datetime | None = None, until: datetime | None = None
) -> ChangedAnswers | None:
    """How many requests with the same inputs as an earlier one got another answer.

    Args:
        requests: ``us`` (microseconds since the epoch), ``inputs`` (a hash of all features), ``answer`` (text, numbers
            too), ``version`` (null = unknown), ``request`` (a hash of the request id, null = none) and ``weight``. Rows
            without an answer do not count, nor does a request that was delivered twice.
        canaries: whether these are canary requests. Others may depend on inputs that are not logged: they say nothing
            (``None``) unless one version agrees with itself in 99 % of its repeated inputs.
        start, until: requests in [start, until] are counted; answers are known from all requests up to ``until``.

    Two numbers are the same answer when they differ by 1e-6 of the larger one at most. The interval is anytime valid
    (``burnline.budgets.evidence``) and counts a version's answers to one question as one: they are not independent.
    ``None`` when no input is asked twice.
    """
    answered = requests.filter(pl.col("answer").is_not_null())
    if until is not None:
        answered = answered.filter(pl.col("us") <= _micros(until))
    answered = answered.sort("us", maintain_order=True)
    named = answered.filter(pl.col("request").is_not_null()).unique("request", keep="first", maintain_order=True)
    answered = pl.concat([named, answered.filter(pl.col("request").is_null())]).sort("us", maintain_order=True)
    repeats = _repeats(answered)
    if not canaries and not _agrees_with_itself(answered):
        return None
    if start is not None:
        repeats = repeats.filter(pl.col("us") >= _micros(start))
    if not repeats.height:
        return None
    changed = repeats.filter("changed")
    total, bad = float(repeats["weight"].sum()), float(changed["weight"].sum())
    cells = repeats.select("inputs", "version").n_unique()
    low, high = limits(total, bad, max(total / cells, 1.0))
    versions = _versions(answered, changed)
    since = datetime.fromtimestamp(changed["us"][0] / 1e6, UTC) if changed.height else None
    interval = (float(low), float(high))
    return ChangedAnswers(
        repeated=total,
        changed=bad,
        interval=interval,
        since=since,
        versions=versions,
        sentence=_sentence(repeats, interval, since, canaries=canaries),
    )


def _micros(when: datetime) -> int:
    return int(when.timestamp() * 1e6)


def _repeats(answered: pl.DataFrame) -> pl.DataFrame:
    """Every request but the first with its inputs, beside the first answer: changed, barely (within the tolerance)."""
    first = answered.with_row_index("place").with_columns(
        known=pl.col("answer").first().over("inputs"),
        known_version=pl.col("version").first().over("inputs"),
        opened=pl.col("place").first().over("inputs"),
    )
    later = first.filter(pl.col("place") != pl.col("opened"))
    was, now = (pl.col(name).cast(pl.Float64, strict=False) for name in ("known", "answer"))
    differ = pl.col("answer") != pl.col("known")
    larger = pl.max_horizontal(was.abs(), now.abs())
    near = ((was - now).abs() <= TOLERANCE * larger) | (was.is_nan() & now.is_nan())
    return later.with_columns(
        changed=differ & ~near.fill_null(value=False),
        barely=differ & near.fill_null(value=False) & (was != now),
    )


def _agrees_with_itself(answered: pl.DataFrame) -> bool:
    """Whether one version gives one answer to one input, nearly always: then the features decide the answer."""
    own = answered.with_columns(inputs=pl.struct("inputs", pl.col("version").fill_null("")).hash())
    repeats = _repeats(own)
    return repeats.height > 0 and repeats.filter("changed").height <= (1 - _AGREES) * repeats.height


def _versions(answered: pl.DataFrame, changed: pl.DataFrame) -> tuple[str, ...]:
    """The versions that gave the known and the changed answers, in the order in which they appeared."""
    involved = {*changed["known_version"].drop_nulls(), *changed["version"].drop_nulls()}
    return tuple(v for v in answered["version"].drop_nulls().unique(maintain_order=True) if v in involved)


def _sentence(repeats: pl.DataFrame, interval: tuple[float, float], since: datetime | None, *, canaries: bool) -> str:
    what = (
        "canary requests" if canaries else "requests (there are no canaries) with the same features as an earlier one"
    )
    n, total = repeats.height, float(repeats["weight"].sum())
    changed = repeats.filter("changed")
    barely = int(repeats["barely"].sum())
    rounding = f" {barely:,} more differ by less than one part in a million, which is rounding." if barely else ""
    if since is None:
        return f"All {n:,} repeated {what} were answered as the first time.{rounding}"
    share = float(changed["weight"].sum()) / total
    questions = f"{changed['inputs'].n_unique():,} of {repeats['inputs'].n_unique():,} questions"
    before = _listed(changed["known_version"])
    after = _listed(changed["version"])
    if before and after and before != after:
        own = repeats.filter(pl.col("version").is_in(changed["version"].drop_nulls().unique().to_list())).height
        who = f": version {after} answers {changed.height:,} of {own:,} otherwise than {before} did"
    elif before and after:
        who = f" within version {after}: look for features that are not logged, or for chance in the model"
    else:
        who = ""
    return (
        f"{changed.height:,} of {n:,} repeated {what} ({_percent(share)}; 95 %: {_percent(interval[0])} to "
        f"{_percent(interval[1])}) were answered otherwise than before, in {questions}, since "
        f"{since:%Y-%m-%d %H:%M} UTC{who}.{rounding}"
    )


def _listed(versions: pl.Series) -> str:
    return ", ".join(versions.drop_nulls().unique(maintain_order=True).to_list())


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def read_answers(
    spec: WorkspaceSpec,
    model: str,
    *,
    until: datetime | None = None,
    files: Mapping[RawFile, Mapping[str, str]] | None = None,
) -> Answers:
    """Answers of a model from raw logs: of its canary requests, or of its newest requests when it has none.

    ``files`` (each with its mapping canonical -> raw) are all logs of the workspace unless given. The answer is
    ``prediction``, in ranking logs without one ``score``; inputs are all f_ columns. Files that cannot be read are
    passed over: ingest names them.
    """
    logs = named_files(spec).logs if files is None else files
    limit = 2**62 if until is None else _micros(until)
    with connect(threads=2) as con:
        shapes = [found for file, mapping in logs.items() if (found := _usable(con, file, mapping)) is not None]
        asked = {"model": model, "until": limit}
        held = _read(con, [found for found in shapes if found.has("canary")], asked, canaries=True)
        if held.height:
            return Answers(held, canaries=True)
        newest = _newest(con, shapes, asked)
        return Answers(_read(con, newest, asked, canaries=False), canaries=False)


def _usable(con: duckdb.DuckDBPyConnection, file: RawFile, mapping: Mapping[str, str]) -> Shape | None:
    """The shape of a log with features and answers."""
    try:
        found = shape(con, file.path, mapping, ("timestamp", "model"))
    except (BurnlineError, duckdb.Error):
        return None
    return found if found.features and (found.has("prediction") or found.has("score")) else None


def _newest(con: duckdb.DuckDBPyConnection, shapes: Sequence[Shape], asked: Mapping[str, object]) -> list[Shape]:
    """The files with the newest rows of the model, as many as hold ``NEWEST_ROWS`` of them, and one at least."""
    spans = []
    for found in shapes:
        query = f"""
            select count(*), max({microseconds("timestamp", found)}) from read_parquet($path, hive_partitioning = true)
            where cast({found.columns["model"].sql} as varchar) = $model
              and {microseconds("timestamp", found)} <= $until"""
        rows, last = first_row(con, query, {**asked, "path": literal_pattern(found.path)})
        if rows:
            spans.append((last, rows, found))
    chosen: list[Shape] = []
    held = 0
    for _, rows, found in sorted(spans, key=lambda span: (span[0], span[2].path), reverse=True):
        if chosen and held + rows > NEWEST_ROWS:
            break
        chosen.append(found)
        held += rows
    return chosen


def _read(
    con: duckdb.DuckDBPyConnection, shapes: Sequence[Shape], asked: Mapping[str, object], *, canaries: bool
) -> pl.DataFrame:
    if not shapes:
        return pl.DataFrame(schema=SCHEMA)
    features = sorted({name for found in shapes for name in found.features})
    numeric = {
        name: all(f.columns[name].kind in ("number", "bool") for f in shapes if name in f.columns) for name in features
    }
    parameters: dict[str, object] = dict(asked)
    branches = []
    for index, found in enumerate(shapes):
        parameters[f"path{index}"] = literal_pattern(found.path)
        branches.append(_branch(found, index, numeric, canaries=canaries))
    return frame(con, "\nunion all\n".join(branches) + "\norder by us, request", parameters).cast(SCHEMA)


def _branch(found: Shape, index: int, numeric: Mapping[str, bool], *, canaries: bool) -> str:
    """One file as us, inputs, answer, version, request, weight."""

    def text(name: str) -> str:
        return f"cast({found.columns[name].sql} as varchar)" if found.has(name) else "null::varchar"

    parts = [
        f"cast({found.columns[n].sql if found.has(n) else 'null'} as {'double' if numeric[n] else 'varchar'})"
        for n in numeric
    ]
    time = microseconds("timestamp", found)
    where = [f"{text('model')} = $model", f"{time} <= $until"]
    if canaries:
        where.append(f"cast({found.columns['canary'].sql} as boolean)")
    return f"""
        select {time} as us, hash({", ".join(parts)}) as inputs,
               {text("prediction" if found.has("prediction") else "score")} as answer, {text("version")} as version,
               {f"hash({text('request_id')})" if found.has("request_id") else "null::ubigint"} as request,
               {f"coalesce({number('weight', found, '{} >= 0')}, 1.0)" if found.has("weight") else "1.0"} as weight
        from read_parquet($path{index}, hive_partitioning = true)
        where {" and ".join(where)}"""


def model_answers(
    spec: WorkspaceSpec,
    model: str,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    files: Mapping[RawFile, Mapping[str, str]] | None = None,
) -> ChangedAnswers | None:
    """``changed_answers`` of a model, read from the logs of its workspace."""
    read = read_answers(spec, model, until=until, files=files)
    return changed_answers(read.requests, canaries=read.canaries, start=start, until=until)
