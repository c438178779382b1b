"""What must agree in an answer: probabilities that add up, and a confidence that is that of the predicted class."""

from __future__ import annotations

from burnline.spec.quoting import quote_identifier
from burnline.validation.source import Condition, Data


def agreement(data: Data) -> dict[str, float]:
    """How far confidence and probabilities agree in successful requests: share of rows where ``p_`` add up to one
    (``sum``) and where the confidence is that of the predicted class (``confidence``)."""
    found = {}
    for name, (judged, wrong) in answer_conditions(data).items():
        a, b = judged.named("c0")[0], wrong.named("c1")[0]
        rows, bad = data.row(f"select count(*) filter ({a}), count(*) filter ({a} and {b}) from log", (judged, wrong))
        if rows:
            found[name] = 1 - bad / rows
    return found


def answer_conditions(data: Data) -> dict[str, tuple[Condition, Condition]]:
    """What must agree in an answer: (rows that can be judged, rows that do not agree)."""
    classes = [n for n in data.columns if n.startswith("p_") and data.targets[n] == "number"]
    found = {}
    if len(classes) >= 2:
        filled = " and ".join(f"{quote_identifier(n)} is not null" for n in classes)
        total = " + ".join(quote_identifier(n) for n in classes)
        found["sum"] = (Condition(f"(_ok and {filled})"), Condition(f"abs({total} - 1) > 0.02"))
    if classes and data.has("confidence", "prediction") and data.targets["prediction"] == "text":
        cases = " ".join(f"when $class{i} then {quote_identifier(n)}" for i, n in enumerate(classes))
        chosen = f'(case "prediction" {cases} end)'
        names = {f"class{i}": n[2:] for i, n in enumerate(classes)}
        found["confidence"] = (
            Condition(f'(_ok and {chosen} is not null and "confidence" is not null)', names),
            Condition(f'abs({chosen} - "confidence") > 0.01', names),
        )
    return found
