"""Reads what every document begins with: apiVersion, kind, metadata, spec."""

from __future__ import annotations

from dataclasses import dataclass

from burnline.spec.document import Entry, Node
from burnline.spec.errors import perhaps
from burnline.spec.fields import Problems, Section, text, text_map

_EXAMPLES = {
    "Model": "{type: classification}",
    "Workspace": '{logs: [{path: "logs/*.parquet"}]}',
    "Schema": "{columns: {f_amount: {type: number}}}",
}

API_VERSION = "burnline/v1"


@dataclass(frozen=True)
class Header:
    """The name and labels of a document, and its ``spec`` still to be read."""

    name: str
    labels: dict[str, str]
    spec: Section


def read_header(document: Node, kind: str, problems: Problems) -> Header | None:
    """Read the header of a document of ``kind``; None when (noted) it is not one."""
    before = len(problems.found)
    top = Section(Entry(document, document.line), "", problems)
    if len(problems.found) > before:
        return None
    for key, wanted in (("apiVersion", API_VERSION), ("kind", kind)):
        given = top.need(key, text, wanted)
        if given is not None and given != wanted:
            hint = perhaps(given, [wanted], f"write {wanted}")
            top.flaw(top.line_of(key), f"unknown value '{given}'{hint}", key)
    if len(problems.found) > before:
        return None
    top.only(["apiVersion", "kind", "metadata", "spec"])
    name, labels = None, None
    if top.present("metadata") is None:
        top.need("metadata", text, "{name: fraud}")
    metadata = top.section("metadata")
    if metadata is not None:
        metadata.only(["name", "labels"])
        name = metadata.need("name", text, "fraud")
        labels = metadata.get("labels", text_map)
    entry = top.present("spec")
    if entry is None:
        top.need("spec", text, _EXAMPLES[kind])
        return None
    spec = Section(entry, "", problems, title="spec")
    return Header(name or "", labels or {}, spec)
