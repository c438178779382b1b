"""Alerts, incidents and replays of real workspaces, and what people say about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from making import START, make_workspace, model_yaml, only, write

from burnline.alerts.watch import Watch
from burnline.errors import BurnlineError
from burnline.records.entries import Marked
from burnline.records.records import Records
from burnline.standing import Standing
from burnline.workspace import Workspace

DAYS = 20
OUTAGE = START + timedelta(days=12, hours=7)
LASTS = timedelta(hours=3)
MINUTE = timedelta(minutes=1)


def log(
    first_day: int, days: int, *, outage: tuple[datetime, datetime] | None = (OUTAGE, OUTAGE + LASTS)
) -> pl.DataFrame:
    """A request a minute. One in 400 fails; half of them do during the outage. Wrong is one in 50, half from day 14 on.

    Labels come a day after their request.
    """
    rng = np.random.default_rng(first_day)
    times = [START + timedelta(days=first_day) + MINUTE * i for i in range(days * 1440)]
    at = pl.Series(times)
    down = ((at >= outage[0]) & (at < outage[1])).to_numpy() if outage else np.zeros(len(times), bool)
    failed = rng.random(len(times)) < np.where(down, 0.5, 1 / 400)
    bad_days = (at >= START + timedelta(days=14)).to_numpy()
    wrong = rng.random(len(times)) < np.where(bad_days, 0.5, 0.02)
    return pl.DataFrame(
        {
            "timestamp": at,
            "request_id": [f"r{t:%m%d%H%M}" for t in times],
            "model": "m",
            "status": np.where(failed, 503, 200),
            "prediction": 1,
            "label": np.where(wrong, 0, 1),
            "label_timestamp": at + timedelta(days=1),
        }
    )


MODELS = {"m": model_yaml("m", "availability: {objective: 99%}\naccuracy: {objective: 95%}")}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("alerting")
    found = make_workspace(folder, {"logs/all.parquet": log(0, DAYS)}, MODELS)
    found.ingest()
    return found


def test_an_outage_pages_once_soon_after_it_began_and_until_soon_after_it_ended(workspace: Workspace) -> None:
    pages = [a for a in workspace.alerts() if a.slo == "availability" and a.severity == "page"]
    assert len(pages) == 1
    page = pages[0]
    assert OUTAGE < page.started_at <= OUTAGE + timedelta(minutes=30)
    assert page.onset is not None
    assert abs(page.onset - OUTAGE) <= timedelta(minutes=15)
    assert page.resolved_at is not None
    assert OUTAGE + LASTS < page.resolved_at <= OUTAGE + LASTS + timedelta(hours=1.5)
    assert (page.confirmed, page.fleet_discovery, page.tier) == (True, True, 2)
    assert page.burn_long > 14.4


def test_nothing_is_known_before_it_happens(workspace: Workspace) -> None:
    everything = workspace.alerts()
    for hours in (12 * 24, 12 * 24 + 8, 14 * 24 + 20, 15 * 24 + 3, 18 * 24):
        # At the end of a bucket: what happens within one is dated to its end.
        at = START + timedelta(hours=hours, seconds=-1)
        then = {a.id: a for a in workspace.alerts(at=at)}
        assert set(then) == {a.id for a in everything if a.started_at <= at + timedelta(seconds=1)}
        for alert in everything:
            if alert.id in then:
                over = alert.resolved_at is not None and alert.resolved_at <= at
                assert then[alert.id].resolved_at == (alert.resolved_at if over else None)


def test_wrong_answers_alert_when_their_labels_arrive_and_not_before(workspace: Workspace) -> None:
    # From day 14 on half of the answers are wrong; the first such label arrives on day 15.
    found = [a for a in workspace.alerts() if a.slo == "accuracy"]
    assert found
    first = min(a.started_at for a in found)
    assert START + timedelta(days=15) < first < START + timedelta(days=15, hours=12)


def test_the_status_has_the_alerts_that_fire(workspace: Workspace) -> None:
    during = OUTAGE + timedelta(hours=2)
    slo = only(workspace, "availability", at=during)
    assert slo.state in ("burning", "breached")
    assert [a.id for a in slo.alerts] == [a.id for a in workspace.alerts(at=during) if a.resolved_at is None]
    assert only(workspace, "availability", at=OUTAGE).alerts == ()
    assert only(workspace, "accuracy").alerts != ()


def test_an_incident_spans_the_outage_and_counts_what_it_spent(workspace: Workspace) -> None:
    (incident,) = [i for i in workspace.incidents() if i.track == "infrastructure"]
    assert abs(incident.started_at - OUTAGE) <= timedelta(minutes=15)
    assert incident.ended_at is not None
    assert abs(incident.ended_at - (OUTAGE + LASTS)) <= timedelta(minutes=15)
    assert incident.state == "resolved"
    inside = log(0, DAYS).filter(pl.col("timestamp").is_between(incident.started_at, incident.ended_at, closed="left"))
    bad = inside.filter(pl.col("status") == 503).height
    assert incident.bad == {"availability": bad}
    # 12.4 days are seen of a window of 30, taken to have had the same traffic: 1 % of 30 x 1440.
    assert incident.budget_spent["availability"] == pytest.approx(bad / 432, rel=0.01)
    assert incident.postmortem_required == (incident.budget_spent["availability"] > 0.2)


def test_both_tracks_have_incidents_of_their_own(workspace: Workspace) -> None:
    found = workspace.incidents()
    assert {i.track for i in found} == {"infrastructure", "model"}
    assert [i.started_at for i in found] == sorted((i.started_at for i in found), reverse=True)
    assert found.to_polars().height == len(found)


def test_alerts_of_a_model_are_grouped_over_slos(workspace: Workspace) -> None:
    groups = workspace.alert_groups()
    alerts = workspace.alerts()
    assert {a.group for a in alerts} == {g.id for g in groups}
    assert sorted(name for g in groups for name in g.alerts) == sorted(a.id for a in alerts)
    assert alerts.to_polars().height == len(alerts)


def test_a_replay_shows_raw_rules_beside_evidence(workspace: Workspace) -> None:
    found = workspace.replay("m", "availability")
    assert len(found.burns) == 1
    assert found.gated.precision == 1.0
    assert found.gated.alerts <= found.raw.alerts
    assert [a.id for a in found.alerts] == [a.id for a in workspace.alerts() if a.slo == "availability"]
    looser = workspace.replay("m", "availability", settings={"objective": "50%"})
    assert looser.objective == 0.5
    assert looser.alerts == ()
    tried = workspace.replay("m", "availability", settings={"rules": "ticket 2 1d/2h", "alpha": "0.001"})
    assert {a.severity for a in tried.alerts} == {"ticket"}
    assert {a.rule for a in tried.alerts} == {"1d/2h"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objectve": "9"}, "nothing of that name to try; use objective"),
        ({"objective": "nine"}, "--set objective=nine"),
        ({"alpha": "2"}, "a probability between 0 and 1"),
        ({"threshold": "5"}, "has no threshold"),
        ({"rules": "page 14.4"}, "is not a rule"),
    ],
)
def test_a_replay_of_nonsense_says_what_is_wrong(workspace: Workspace, settings: dict[str, str], said: str) -> None:
    with pytest.raises(BurnlineError, match=said):
        workspace.replay("m", "availability", settings=settings)


def test_a_replay_under_another_threshold_is_counted_by_the_hour(tmp_path: Path) -> None:
    frame = log(0, 10, outage=None).with_columns(latency_ms=pl.lit(10.0))
    slow = pl.col("timestamp").is_between(START + timedelta(days=7), START + timedelta(days=7, hours=4))
    frame = frame.with_columns(latency_ms=pl.when(slow).then(80.0).otherwise("latency_ms"))
    models = {"m": model_yaml("m", "latency: {threshold: 100ms, objective: 99%}")}
    found = make_workspace(tmp_path, {"logs/all.parquet": frame}, models)
    found.ingest()
    assert found.replay("m", "latency").alerts == ()
    tried = found.replay("m", "latency", settings={"threshold": "50ms"})
    assert tried.threshold == 50
    assert START + timedelta(days=7) <= tried.alerts[0].started_at <= START + timedelta(days=7, hours=1)


def test_one_bad_event_of_a_sample_is_one_and_not_as_many_as_it_stands_for(tmp_path: Path) -> None:
    # A log of two days, 1 in 20 of its requests. Two single failures are 40 of 57,600 at a budget of 58. Both burn
    # (20 of 1,200 in an hour is 17 times the budget) and prove nothing: 20 failures at once would.
    start = START + timedelta(days=40)
    minutes = np.arange(2 * 1440)
    frame = pl.DataFrame(
        {
            "timestamp": [start + MINUTE * int(i) for i in minutes],
            "model": "m",
            "status": np.where(np.isin(minutes, (900, 2000)), 503, 200),
            "weight": 20.0,
        }
    )
    found = make_workspace(tmp_path, {"logs/all.parquet": frame}, {"m": model_yaml("m", "availability: {}")})
    found.ingest()
    replay = found.replay("m", "availability")
    assert len(replay.raw_alerts) >= 2
    assert found.alerts().root == replay.alerts == ()
    evidence = only(found, "availability").evidence
    assert evidence is not None
    assert (evidence.overdispersion, evidence.verdict) == (20.0, "undecided")


def test_history_keeps_its_law(tmp_path: Path) -> None:
    # Half of the requests fail for three hours under a promise of 40 %, which no outage of half of them breaks.
    lax = {"m": model_yaml("m", "availability: {objective: 40%}")}
    found = make_workspace(tmp_path, {"logs/a.parquet": log(0, 14)}, lax)
    found.ingest()
    (tmp_path / "models" / "m.yaml").write_text(model_yaml("m", "availability: {objective: 99%}"))
    write(tmp_path / "logs" / "b.parquet", log(14, 4, outage=(START + timedelta(days=16), START + timedelta(days=17))))
    found = Workspace.open(tmp_path)
    found.ingest()
    alerts = found.alerts()
    assert alerts
    assert all(a.started_at >= START + timedelta(days=16) for a in alerts)
    then = only(found, "availability", at=START + timedelta(days=13))
    assert then.objective == 0.4
    now = only(found, "availability")
    assert now.objective == 0.99
    assert "objective 40 % until 18 Oct 2026, 99 % since" in now.notes[0]
    # A window that begins after the change has nothing to say.
    assert only(found, "availability", at=START + timedelta(days=13)).notes == ()


@pytest.mark.parametrize("objective", ["99.1%", "98%"])
def test_an_alert_that_is_open_when_its_promise_changes_stays_open(tmp_path: Path, objective: str) -> None:
    outage = (START + timedelta(days=13, hours=12), START + timedelta(days=15))
    strict = {"m": model_yaml("m", "availability: {objective: 99%}")}
    found = make_workspace(tmp_path, {"logs/a.parquet": log(0, 14, outage=outage)}, strict)
    found.ingest()
    assert [(a.severity, a.resolved_at) for a in found.alerts()] == [("page", None), ("ticket", None)]
    (tmp_path / "models" / "m.yaml").write_text(model_yaml("m", f"availability: {{objective: {objective}}}"))
    write(tmp_path / "logs" / "b.parquet", log(14, 1, outage=outage))
    found = Workspace.open(tmp_path)
    found.ingest()
    open_ = [a for a in found.alerts() if a.resolved_at is None]
    assert [a.severity for a in open_] == ["page", "ticket"]
    assert [a.id for a in open_] == [a.id for a in only(found, "availability").alerts]
    assert len({a.id for a in found.alerts()}) == len(found.alerts())
    assert [i.ended_at for i in found.incidents()] == [None]


def test_a_threshold_that_was_in_force_is_still_counted(tmp_path: Path) -> None:
    frame = log(0, 6, outage=None).with_columns(latency_ms=pl.lit(80.0))
    found = make_workspace(
        tmp_path, {"logs/a.parquet": frame}, {"m": model_yaml("m", "latency: {threshold: 100ms, objective: 99%}")}
    )
    found.ingest()
    (tmp_path / "models" / "m.yaml").write_text(model_yaml("m", "latency: {threshold: 50ms, objective: 99%}"))
    write(tmp_path / "logs" / "b.parquet", log(6, 1, outage=None).with_columns(latency_ms=pl.lit(80.0)))
    found = Workspace.open(tmp_path)
    found.ingest()
    before, after = only(found, "latency", at=START + timedelta(days=3)), only(found, "latency")
    assert (before.threshold, before.bad) == (100, 0)
    assert after.threshold == 50
    assert after.bad == after.total


def test_suspects_are_all_slos_with_an_open_alert(demo_workspace: Path) -> None:
    found = Workspace.open(demo_workspace)
    for at in (None, datetime(2026, 11, 13, 14, tzinfo=UTC), datetime(2026, 11, 19, 9, tzinfo=UTC)):
        fleet = found.fleet(at=at)
        standing = Standing(fleet, fleet.questions)
        assert len(standing.suspects) < len(standing.known)
        assert standing.alerts == Watch(fleet, standing.known).firing()


def test_what_people_say_is_kept_and_can_be_taken_back(tmp_path: Path) -> None:
    found = make_workspace(tmp_path, {"logs/all.parquet": log(0, DAYS)}, MODELS)
    found.ingest()
    page = next(a for a in found.alerts() if a.severity == "page")
    incident = next(iter(found.incidents()))

    found.acknowledge(page.id, by="ada")
    found.mark(page.id, "noise", by="ada")
    found.note(incident.id, "the database was full", by="ada")
    found.set_incident_status(incident.id, "mitigated", by="ada")
    silence = found.silence(model="m", slo="accuracy", until=START + timedelta(days=30), reason="known", by="ada")
    said = next(a for a in found.alerts() if a.id == page.id)
    assert (said.acknowledged_by, said.mark) == ("ada", "noise")
    told = next(i for i in found.incidents() if i.id == incident.id)
    assert (told.status, [n.text for n in told.notes]) == ("mitigated", ["the database was full"])
    assert {a.silenced for a in found.alerts() if a.slo == "accuracy" and a.resolved_at is None} == {"known"}

    found.acknowledge(page.id, by="ada", undo=True)
    found.mark(page.id, None, by="ada")
    found.delete_note(told.notes[0].id, by="ada")
    found.unsilence(silence, by="ada")
    said = next(a for a in found.alerts() if a.id == page.id)
    assert (said.acknowledged_by, said.mark) == (None, None)
    assert next(i for i in found.incidents() if i.id == incident.id).notes == ()
    assert all(a.silenced is None for a in found.alerts() if a.resolved_at is None)


def test_what_nobody_knows_cannot_be_spoken_of(workspace: Workspace) -> None:
    with pytest.raises(BurnlineError, match="there is no alert 'x'; `burnline alerts` lists them"):
        workspace.acknowledge("x", by="ada")
    with pytest.raises(BurnlineError, match="there is no incident 'x'"):
        workspace.note("x", "text", by="ada")
    with pytest.raises(BurnlineError, match="there is no SLO 'acuracy'; did you mean accuracy"):
        workspace.silence(model="m", slo="acuracy", until=START, reason="r", by="ada")


def test_a_fix_passes_the_gate_with_a_reason_on_record(tmp_path: Path) -> None:
    found = make_workspace(tmp_path, {"logs/all.parquet": log(0, DAYS)}, MODELS)
    found.ingest()
    assert found.gate("m").decision == "block"
    answer = found.gate("m", change="security", reason="CVE-2026-1", by="ada")
    assert answer.decision == "allow"
    (override,) = found.records().overrides("m")
    assert (override.change, override.reason, override.decision, override.by) == (
        "security",
        "CVE-2026-1",
        "block",
        "ada",
    )
    with pytest.raises(BurnlineError, match="add --reason"):
        found.gate("m", change="fix")


def test_alerts_on_a_true_burn_are_those_that_a_replay_calls_precise(workspace: Workspace) -> None:
    found = workspace.alerting()
    assert {a.slo for a in found.alerts} == {"availability", "accuracy"}
    for slo in ("availability", "accuracy"):
        mine = [a.id in found.on_burns for a in found.alerts if a.slo == slo]
        assert sum(mine) / len(mine) == workspace.replay("m", slo).gated.precision


def test_what_people_say_later_leaves_the_findings_as_they_are(workspace: Workspace) -> None:
    found = workspace.alerting()
    first = found.alerts[0]
    records = Records((*found.records.entries, Marked(by="ada", alert=first.id, mark="noise")))
    told = found.told(records)
    assert told.alerts[0] == first.model_copy(update={"mark": "noise"})
    assert told.found is found.found


def test_the_hours_of_a_replay_hold_every_outcome_when_it_became_known(workspace: Workspace) -> None:
    hours = workspace.arrived("m", "availability")
    assert hours["valid"].sum() == DAYS * 1440
    burning = hours.filter(pl.col("time").is_between(OUTAGE, OUTAGE + LASTS, closed="left"))
    # Half of the requests fail where 1 % may: 50x, give or take the luck of 60 requests an hour.
    assert burning["burn"].is_between(30, 70).all()
    # Labels come a day later: nothing is known of the first day, and the last day of requests is not known yet.
    labelled = workspace.arrived("m", "accuracy")
    assert labelled.head(24)["burn"].null_count() == 24
    answered = log(0, DAYS).filter(pl.col("status") == 200, pl.col("timestamp") < START + timedelta(days=DAYS - 1))
    assert labelled["valid"].sum() == answered.height
