from __future__ import annotations

from functools import cache

from apptest import OpenPage, address, words
from fakes import FakeWorkspace
from streamlit.testing.v1 import AppTest

from burnline.records import actions
from burnline.results import Incident


def found(model: str, track: str, *, nth: int = 0) -> Incident:
    """The newest incident of a track, or an earlier one."""
    return [i for i in incidents() if (i.model, i.track) == (model, track)][nth]


@cache
def incidents() -> tuple[Incident, ...]:
    return FakeWorkspace().alerting().incidents


def plain(app: AppTest) -> str:
    return words(app).replace("\u00a0", " ")


def button(app: AppTest, label: str) -> None:
    next(b for b in app.button if b.label == label).click().run()


def test_the_first_words_say_what_is_open_and_what_it_cost(open_page: OpenPage) -> None:
    app = open_page("incidents")
    assert app.title[0].value == "4 incidents are open: 2 infrastructure and 2 model"
    # The only page is the worst, whatever the tickets have spent.
    assert "The worst is **ad-ctr · latency**: since 22 Nov 18:05 (4 h 55 min) it has spent 16 %" in plain(app)
    # credit-limit twice, fraud, feed-ranker and anomaly-guard spent more than a fifth.
    assert "5 incidents spent more than 20 % of a budget: a postmortem is required." in plain(app)


def test_the_worst_open_one_is_shown_without_a_word(open_page: OpenPage) -> None:
    app = open_page("incidents")
    assert app.header[0].value == "Begin with: ad-ctr · infrastructure"
    assert "incident" not in address(app)


def test_a_link_opens_one_incident_above_all_others(open_page: OpenPage) -> None:
    one = found("fraud", "model")
    app = open_page("incidents", incident=one.id)
    assert app.title[0].value == "fraud · model"
    assert "for 8 d so far, **accuracy** of fraud has failed more often than promised" in plain(app)
    assert "**deploy v15** (new feature encoder) precedes it by 1 h 5 min." in plain(app)
    shown = {m.label: m.value.replace("\u00a0", " ") for m in app.metric}
    assert shown["Detected after"] == "18 h 50 min"
    assert shown["Budget spent"] == "81 %"
    button(app, "All incidents")
    assert app.title[0].value.startswith("4 incidents")
    assert "incident" not in address(app)


def test_what_is_over_has_an_end(open_page: OpenPage) -> None:
    app = open_page("incidents", incident=found("credit-limit", "infrastructure", nth=1).id)
    # From 5 Nov 02:05 to 6 Nov 07:05.
    shown = {m.label: m.value.replace("\u00a0", " ") for m in app.metric}
    assert shown["Recovered after"] == "1 d 5 h"
    assert "Similar past incidents · 0" in plain(app)


def test_earlier_incidents_of_the_same_model_and_track_are_similar(open_page: OpenPage) -> None:
    app = open_page("incidents", incident=found("credit-limit", "infrastructure").id)
    assert "Similar past incidents · 1" in plain(app)
    assert "27 % of a budget · lasted 1 d 5 h" in plain(app)


def test_an_unknown_incident_is_said_and_all_are_shown(open_page: OpenPage) -> None:
    app = open_page("incidents", incident="nothing")
    assert "There is no incident nothing" in app.warning[0].value
    assert app.title[0].value.startswith("4 incidents")


def test_period_and_model_choose_timeline_and_table(open_page: OpenPage) -> None:
    app = open_page("incidents", period="7d")
    # Those that were going on in the last seven days: the four that are open.
    assert "Incidents · 4" in plain(app)
    app = open_page("incidents", model="credit-limit")
    assert "Incidents · 2" in plain(app)
    assert app.selectbox(key="pick-model").value == "credit-limit"
    app = open_page("incidents", model="anomaly-guard", period="7d")
    assert "No incident in this period. Choose a longer one, or all models." in words(app)


def test_without_an_incident_the_page_says_so(open_page: OpenPage) -> None:
    app = open_page("incidents", workspace=FakeWorkspace(models=1))
    assert app.title[0].value == "No incident is open"
    assert "No incident in the history" in words(app)


def test_notes_and_status_go_on_record_under_a_name_and_can_be_taken_back(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    one = found("fraud", "model")
    app = open_page("incidents", workspace=workspace, incident=one.id)
    app.text_area(key=f"note-{one.id}").set_value("rolled back to v14")
    button(app, "Add note")
    assert "Write your name first" in app.error[0].value
    assert not workspace.records().notes(one.id)

    app.text_input(key="who").set_value("ada")
    button(app, "Add note")
    assert [(n.by, n.text) for n in workspace.records().notes(one.id)] == [("ada", "rolled back to v14")]
    assert "rolled back to v14" in [t.value for t in app.text]
    assert app.text_area(key=f"note-{one.id}").value == ""

    button(app, "Delete")
    assert not workspace.records().notes(one.id)

    app.segmented_control(key=f"status-{one.id}").set_value("mitigated").run()
    assert workspace.records().incident_status(one.id) == "mitigated"
    assert "Mitigated" in [state for d in app.dataframe if "status" in d.value.columns for state in d.value["status"]]


def test_what_others_write_is_there_at_the_next_look(open_page: OpenPage) -> None:
    workspace = FakeWorkspace()
    one = found("fraud", "model")
    app = open_page("incidents", workspace=workspace, incident=one.id)
    actions.note(workspace.records_root, one.id, "paged the owner", by="grace")
    app.run()
    assert "paged the owner" in [t.value for t in app.text]


def test_what_fired_is_told_with_its_evidence(open_page: OpenPage) -> None:
    app = open_page("incidents", incident=found("ad-ctr", "infrastructure").id)
    fired = next(d.value for d in app.dataframe if "rule" in d.value.columns)
    assert list(fired["severity"].map(lambda words: words[0])) == ["Page", "Ticket"]
    assert set(fired["resolved"]) == {"open"}


def test_the_slice_that_stands_out_most_is_shown_first(open_page: OpenPage) -> None:
    app = open_page("incidents", incident=found("fraud", "model").id)
    # v15 has 70 % of the bad and 30 % of the traffic, us-east 60 % and 40 %.
    assert app.segmented_control(key="slice").value == "version"
