"""Random workspaces: what Burnline says and what counting one by one says must be the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from oracle import Oracle, Periods, Promise, Rolling

from burnline.budgets.gate import confirmed
from burnline.budgets.nowcast import decide
from burnline.results import ModelStatus
from burnline.workspace import Workspace

EXAMPLES = 25
CLASSES: list[list[Any]] = [["fraud", "fine"], [0, 1, 2], [True, False], [0.0, 0.5]]
ZONES = ["UTC", "Europe/Zurich", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
# All in the past: what lies ahead of the clock of the machine is a fault of the log.
STARTS = [
    datetime(2025, 10, 25, 3, tzinfo=UTC),  # Zurich's clocks go back on the 26th
    datetime(2025, 3, 29, 12, tzinfo=UTC),  # and forward on the 30th
    datetime(2024, 2, 28, 1, tzinfo=UTC),  # a leap day follows
    datetime(2024, 12, 30, 20, tzinfo=UTC),
    datetime(2025, 7, 7, tzinfo=UTC),
]
# Whole numbers of these must be whole to the last bit.
COUNTS = ("total", "good", "bad", "consumed")
OBJECTIVES = ["50%", "80%", "90%", "95%", "99%", "99.9%"]
EVERY_TEMPLATE = [
    "availability",
    "latency",
    "freshness",
    "completeness",
    "drift",
    "accuracy",
    "confidence",
    "rmse",
    "ndcg",
]


@dataclass(frozen=True)
class Case:
    """One SLO as the oracle reads it and as a Model file has it."""

    promise: Promise
    text: dict[str, Any]


class World:
    """A random workspace on disk and the oracle that knows it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.start = self.random.choice(STARTS)
        self.days = self.random.choice([0.2, 1, 2, 4])
        self.kinds = {"alpha": "classification", "beta": "regression", "gamma": "ranking"}
        self.values = self.random.choice(CLASSES)
        self.inline_labels = self.random.random() < 0.7
        self.label_rows: list[dict[str, Any]] = []
        self.ids = 0

    # Logs ------------------------------------------------------------------------------------

    def moment(self) -> datetime:
        """Somewhere in the log; a third of the time right where a bucket begins."""
        seconds = self.random.uniform(0, self.days * 86_400)
        if self.random.random() < 0.5:
            seconds %= 5400  # enough in the first hours to fill slices
        if self.random.random() < 0.3:
            seconds = seconds // 300 * 300
        return self.start + timedelta(microseconds=round(seconds * 1e6))

    def maybe(self, value: Any, share: float = 0.1) -> Any:
        """The value, or now and then nothing."""
        return None if self.random.random() < share else value

    def common(self, model: str) -> dict[str, Any]:
        """The columns of every kind of model."""
        draw = self.random
        self.ids += 1
        timestamp = self.moment()
        failing = draw.random() < 0.2
        return {
            "timestamp": timestamp,
            "request_id": self.maybe(f"r{self.ids}"),
            "model": model,
            "version": draw.choice(["v1", "v2", None]),
            "region": draw.choice(["eu", "us"]),
            "status": draw.choice([500, 503, 429]) if failing else draw.choice([200, 200, 404, None]),
            "latency_ms": draw.choice([None, -1.0, 50.0, 100.0, 100.001, draw.uniform(1, 200)]),
            "feature_timestamp": self.maybe(timestamp - timedelta(seconds=draw.choice([0, 300, 301]))),
            "f_amount": self.maybe(draw.uniform(0, 1), 0.3),
            "f_country": self.maybe(draw.choice(["CH", "FR"]), 0.3),
            "canary": draw.choice([True, False, None]),
            "b_revenue": draw.choice([None, 0.0, 5.0]),
        }

    def known_later(self, row: dict[str, Any], value: Callable[[], Any]) -> dict[str, Any]:
        """The row with a label of its own, and perhaps labels in other files."""
        draw = self.random

        def later() -> datetime | None:
            delay = draw.choice([-600, 0, 60, 3_000, 40_000, 200_000]) + draw.randrange(300)
            return self.maybe(row["timestamp"] + timedelta(seconds=delay), 0.2)

        if self.inline_labels:
            row |= {"label": self.maybe(value(), 0.4), "label_timestamp": later()}
        if row["request_id"] is not None and draw.random() < 0.5:
            own = row.get("label_timestamp") or row["timestamp"]
            latest = max(own, row["timestamp"])
            for _ in range(draw.choice([1, 1, 2])):
                # Corrections come in a later bucket: which of two labels of one bucket counts is open.
                latest += timedelta(seconds=draw.choice([600, 5_000, 90_000]))
                self.label_rows.append({"request_id": row["request_id"], "label": value(), "label_timestamp": latest})
        return row

    def classification(self) -> dict[str, Any]:
        """A request of a classifier."""
        draw = self.random
        row = self.common("alpha") | {
            "prediction": draw.choice(self.values),
            "confidence": draw.choice([None, -0.1, 1.2, 0.8, draw.random()]),
            "weight": draw.choice([None, 1.0, 2.5, 10.0, 0.1]) if self.weighted else 1.0,
        }
        return self.known_later(row, lambda: draw.choice(self.values))

    def regression(self) -> dict[str, Any]:
        """A request of a regressor; errors are 0, 0.25 or 0.5."""
        draw = self.random
        row = self.common("beta") | {
            "prediction": draw.randrange(8) / 8,
            "weight": draw.choice([None, 1.0, 2.5]) if self.weighted else 1.0,
        }
        return self.known_later(row, lambda: draw.randrange(8) / 8)

    def ranking(self) -> list[dict[str, Any]]:
        """A query and its items."""
        draw = self.random
        first = self.common("gamma")
        items = draw.randrange(1, 6)
        scores = draw.sample(range(100), items)
        return [
            first
            | {
                "request_id": None,
                "status": first["status"],
                "query_id": f"q{self.ids}",
                "relevance": self.maybe(draw.choice([0, 0, 1, 2, 3])),
                self.order: position + 1 if self.order == "rank" else float(scores[position]),
            }
            for position in range(items)
        ]

    def write(self) -> Oracle:
        """Write the workspace; returns the oracle over the same files."""
        draw = self.random
        self.weighted = draw.random() < 0.5
        self.order = draw.choice(["rank", "score"])
        rows = {
            "alpha": [self.classification() for _ in range(draw.choice([40, 200]))],
            "beta": [self.regression() for _ in range(draw.choice([40, 150]))],
            "gamma": [row for _ in range(draw.choice([10, 60])) for row in self.ranking()],
        }
        logs = self.write_logs(rows)
        labels = self.write_parts("labels", self.label_rows)
        metrics = self.write_parts("infra", self.samples())
        cases = {model: self.cases(model) for model in self.kinds}
        self.write_definitions(cases)
        promises = {model: [case.promise for case in found] for model, found in cases.items()}
        return Oracle(promises, logs, labels=labels, metrics=metrics)

    def write_logs(self, rows: Mapping[str, list[dict[str, Any]]]) -> list[Path]:
        """Logs split at random, with copies, changing columns, units and zones of time."""
        draw = self.random
        groups = [rows["alpha"], rows["beta"], rows["gamma"]]
        if self.values == [0.0, 0.5]:
            groups = [rows["alpha"] + rows["beta"], rows["gamma"]]  # two models in one file
        paths = []
        for group in groups:
            copies = [dict(row) for row in group if row["request_id"] and draw.random() < 0.1]
            for part in self.halves(group + copies):
                path = self.folder / "logs" / f"{len(paths)}.parquet"
                path.parent.mkdir(exist_ok=True)
                frame = pl.DataFrame(part, infer_schema_length=None)
                for name in ("version", "f_country", "weight"):
                    # A copy in a file with other columns would not be a copy.
                    if not copies and draw.random() < 0.15 and name in frame.columns:
                        frame = frame.drop(name)
                if draw.random() < 0.5:
                    zone = draw.choice([None, "Europe/Zurich"])
                    times = pl.col("timestamp")
                    frame = frame.with_columns(
                        times.dt.replace_time_zone(None) if zone is None else times.dt.convert_time_zone(zone)
                    )
                if draw.random() < 0.3:
                    frame = frame.with_columns(pl.col("timestamp").dt.cast_time_unit("ns"))
                frame.write_parquet(path)
                paths.append(path)
        return paths

    def halves(self, rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """Rows in two parts; the items of a query stay together, as a service writes them."""
        draw = self.random
        queries: dict[Any, list[dict[str, Any]]] = {}
        for index, row in enumerate(rows):
            queries.setdefault(row.get("query_id", index), []).append(row)
        units = list(queries.values())
        draw.shuffle(units)
        cut = draw.randrange(1, len(units))
        return [[row for unit in part for row in draw.sample(unit, len(unit))] for part in (units[:cut], units[cut:])]

    def write_parts(self, folder: str, rows: list[dict[str, Any]]) -> list[Path]:
        """Rows in two files."""
        (self.folder / folder).mkdir()
        self.random.shuffle(rows)
        half = len(rows) // 2
        paths = []
        for part in (rows[:half], rows[half:]):
            if part:
                paths.append(self.folder / folder / f"{len(paths)}.parquet")
                pl.DataFrame(part, infer_schema_length=None).write_parquet(paths[-1])
        return paths

    def samples(self) -> list[dict[str, Any]]:
        """Processor load of the first model."""
        draw = self.random
        return [
            {
                "timestamp": self.moment(),
                "model": draw.choice(["alpha", "alpha", "beta"]),
                "cpu_percent": self.maybe(draw.choice([80.0, 90.0, 100.0, 90.25])),
            }
            for _ in range(60)
        ]

    # Promises --------------------------------------------------------------------------------

    def window(self) -> tuple[Rolling | Periods, Any]:
        """A window for the oracle and as YAML."""
        draw = self.random
        if draw.random() < 0.5:
            text, minutes = draw.choice(
                [("5m", 5), ("1h", 60), ("6h", 360), ("1d", 1440), ("3d", 4320), ("7d", 10_080), ("30d", 43_200)]
            )
            return Rolling(minutes), text
        unit, count = draw.choice([("d", 1), ("d", 3), ("w", 1), ("w", 2), ("M", 1), ("M", 3)])
        zone = draw.choice(ZONES)
        written = {
            "duration": "1Q" if (unit, count) == ("M", 3) else f"{count}{unit}",
            "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": zone},
        }
        return Periods(count, unit, zone, date(2026, 1, 1)), written

    def case(self, name: str, text: Mapping[str, Any], **more: Any) -> Case:
        """An SLO with an objective and a window of its own."""
        objective = self.random.choice(OBJECTIVES)
        window, written = self.window()
        fraction = Fraction(objective.rstrip("%")) / 100
        promise = Promise(**{"name": name, "sli": name, "objective": fraction, "window": window} | more)
        return Case(promise, {"objective": objective, "window": written, **text})

    def sliced(self, case: Case) -> Case:
        """The same SLO, sometimes counted in slices."""
        draw = self.random
        method = draw.choice(["Occurrences", "Timeslices", "RatioTimeslices"])
        if method == "Occurrences":
            return case
        slice_text, buckets = draw.choice([("5m", 1), ("10m", 2), ("1h", 12), ("1d", 288)])
        text = {**case.text, "budgeting": method, "timeSliceWindow": slice_text}
        changes: dict[str, Any] = {"budgeting": method, "slice_buckets": buckets}
        if method == "Timeslices":
            target = draw.choice(["50%", "75%", "100%"])
            text["timeSliceTarget"] = target
            changes["slice_target"] = Fraction(target.rstrip("%")) / 100
        return Case(Promise(**{**vars(case.promise), **changes}), text)

    def cases(self, model: str) -> list[Case]:
        """The SLOs of a model: those of every kind, and those of its type."""
        draw = self.random
        latency = draw.choice([100, 50])
        rate = draw.choice([1, 2, 3])
        found = [
            self.case("availability", {}),
            self.case("latency", {"threshold": f"{latency}ms"}, threshold=Fraction(latency)),
            self.case("throughput", {"threshold": f"{rate / 100}/s"}, threshold=Fraction(rate, 100)),
            self.case("freshness", {"threshold": "5m"}, threshold=Fraction(300)),
            self.case("completeness", {}),
            self.case("canary", {}) if model == "alpha" else None,
            self.case(
                "saturation",
                {"metric": "cpu_percent", "threshold": 90},
                metric="cpu_percent",
                threshold=Fraction(90),
            ),
            self.case(
                "checkout",
                {"track": "model", "good": "b_revenue > 0", "valid": "status < 500"},
                sli="custom",
                good=lambda row: None if row["b_revenue"] is None else row["b_revenue"] > 0,
                valid=lambda row: None if row["status"] is None else row["status"] < 500,
            ),
            self.case(
                "wanted", {"sli": "completeness", "features": ["f_country"]}, sli="completeness",
                features=("f_country",),
            ),
        ]  # fmt: skip
        rows = draw.choice([1, 3, 10])
        if model == "alpha":
            sure = {"threshold": 0.8}
            found += [
                self.case("accuracy", {}),
                self.case("confidence", sure, threshold=Fraction(8, 10)),
                self.case(
                    "quality",
                    {"all": ["accuracy", "latency", "confidence"]},
                    members=("accuracy", "latency", "confidence"),
                ),
                self.case(
                    "served",
                    {"sli": "quality", "all": ["latency", "availability"]},
                    sli="quality",
                    members=("latency", "availability"),
                ),
            ]
        if model == "beta":
            limit = draw.choice([0.25, 0.5])
            found.append(
                self.case("rmse", {"threshold": limit, "min_rows": rows}, threshold=Fraction(limit), min_rows=rows)
            )
        if model == "gamma":
            least, cut = draw.choice([0.5, 0.7, 0.9]), draw.choice([1, 3, 10])
            found.append(
                self.case(
                    "ndcg",
                    {"threshold": least, "at": cut, "min_rows": rows},
                    threshold=Fraction(str(least)),
                    cut=cut,
                    min_rows=rows,
                )
            )
        kept = [case for case in found if case is not None]
        own_slices = ("throughput", "saturation", "rmse", "ndcg")
        return [case if case.promise.sli in own_slices else self.sliced(case) for case in kept]

    def write_definitions(self, cases: Mapping[str, list[Case]]) -> None:
        """burnline.yaml and a file for each model, with nothing left to the templates."""
        sources = {
            "timezone": self.random.choice(ZONES),
            "logs": [{"path": "logs/*.parquet"}],
            "labels": [{"path": "labels/*.parquet"}],
            "metrics": [{"path": "infra/*.parquet"}],
        }
        self.write_yaml("burnline.yaml", "Workspace", "random", sources)
        (self.folder / "models").mkdir()
        for model, kind in self.kinds.items():
            slos: dict[str, Any] = {case.promise.name: case.text for case in cases[model]}
            in_template = {"classification": ("rmse", "ndcg"), "regression": ("accuracy", "confidence", "ndcg")}
            other = in_template.get(kind, ("accuracy", "confidence", "rmse"))
            slos |= {name: False for name in EVERY_TEMPLATE if name not in slos and name not in other}
            self.write_yaml(f"models/{model}.yaml", "Model", model, {"type": kind, "slos": slos})

    def write_yaml(self, path: str, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        """One definition file."""
        document = {
            "apiVersion": "burnline/v1",
            "kind": kind,
            "metadata": {"name": name},
            "spec": dict(spec),
        }
        (self.folder / path).write_text(yaml.safe_dump(document, sort_keys=False))

    def moments(self, oracle: Oracle) -> list[datetime]:
        """When to ask: within the log, where a bucket begins, and long after it."""
        end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=300 * oracle.newest)
        return [
            self.moment(),
            self.random.choice([self.start + timedelta(hours=1), end]),
            end + self.random.choice([timedelta(minutes=37, seconds=11), timedelta(days=1), timedelta(days=10)]),
        ]

    def ingest(self, workspace: Workspace) -> None:
        """Ingest at once, or some files first and the others, logs or labels, when they arrive."""
        files = sorted(self.folder.glob("*/*.parquet"))
        late = [file for file in files if self.random.random() < 0.5] if self.random.random() < 0.5 else []
        for file in late:
            file.rename(file.with_suffix(".later"))
        reports = [workspace.ingest()] if late else []
        for file in late:
            file.with_suffix(".later").rename(file)
        reports.append(workspace.ingest())
        assert not [found for report in reports for found in report.files_quarantined]
        assert sum(report.files_read for report in reports) == len(files)


def compare(found: ModelStatus, expected: Mapping[str, Any]) -> list[str]:
    """Every difference between an answer and the oracle's, one line each."""
    differences = []

    def check(name: str, ours: Any, oracles: Any) -> None:
        if isinstance(ours, float) and isinstance(oracles, float):
            same = ours == pytest.approx(oracles, rel=1e-9, abs=1e-9)
            same = same and (ours == oracles or not oracles.is_integer() or not name.endswith(COUNTS))
        else:
            same = ours == oracles
        if not same:
            differences.append(f"{found.model}.{name}: {ours} instead of {oracles}")

    check("state", found.state, expected["state"])
    check("verdict", found.verdict, expected["verdict"])
    check("gate", found.gate.decision, expected["decision"])
    by_name = {slo.slo: slo for slo in found.slos}
    for side, track in expected["tracks"].items():
        ours = getattr(found.tracks, side)
        check(f"{side}.state", ours.state, track["state"])
        check(f"{side}.remaining", ours.budget_remaining, track["budget_remaining"])
        # Of two SLOs with the same lowest budget either may bind.
        binding = by_name[ours.binding_slo].budget_remaining if ours.binding_slo else None
        check(f"{side}.binding", binding, track["budget_remaining"])
    check("slos", sorted(by_name), sorted(slo["slo"] for slo in expected["slos"]))
    for slo in expected["slos"]:
        for name, value in slo.items():
            if name == "burn_rates":
                for window, burn in value.items():
                    check(f"{slo['slo']}.burn.{window}", by_name[slo["slo"]].burn_rates[window], burn)
            else:
                check(f"{slo['slo']}.{name}", getattr(by_name[slo["slo"]], name), value)
    return differences


def evidence_of(found: ModelStatus) -> dict[str, Any]:
    """What the oracle takes as given: alerts, evidence, estimates and forecasts."""
    return {
        "firing": {slo.slo for slo in found.slos if slo.alerts},
        "undecided": {slo.slo for slo in found.slos if not confirmed(slo)},
        "doubtful": {slo.slo for slo in found.slos if slo.forecast and slo.forecast.probability >= 0.5},
        "decided": {slo.slo: decide(slo.estimate, slo.objective) for slo in found.slos if slo.estimate},
    }


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_status_is_what_counting_one_by_one_gives(seed: int, tmp_path: Path) -> None:
    world = World(seed, tmp_path)
    oracle = world.write()
    workspace = Workspace.open(tmp_path)
    world.ingest(workspace)
    for at in world.moments(oracle):
        answer = workspace.status(at=at)
        assert [m.model for m in answer.models] == list(world.kinds)
        for model in answer.models:
            assert compare(model, oracle.status(model.model, at, **evidence_of(model))) == [], f"as of {at}"
