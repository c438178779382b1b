"""What was promised: workspaces, models, SLOs, templates and expressions, read from YAML."""

from burnline.spec.corrections import Correction
from burnline.spec.errors import DefinitionError, Problem
from burnline.spec.expression import Expression, ExpressionError, parse_expression
from burnline.spec.kinds import SliKind
from burnline.spec.model import Escalation, Model, Slo
from burnline.spec.quoting import quote_identifier
from burnline.spec.read_model import load_model, load_models, read_models
from burnline.spec.read_workspace import check_correction_names, load_workspace
from burnline.spec.templates import template
from burnline.spec.windows import Calendar, Duration, Window, parse_duration
from burnline.spec.workspace import Reference, Source, WorkspaceSpec

__all__ = [
    "Calendar",
    "Correction",
    "DefinitionError",
    "Duration",
    "Escalation",
    "Expression",
    "ExpressionError",
    "Model",
    "Problem",
    "Reference",
    "SliKind",
    "Slo",
    "Source",
    "Window",
    "WorkspaceSpec",
    "check_correction_names",
    "load_model",
    "load_models",
    "load_workspace",
    "parse_duration",
    "parse_expression",
    "quote_identifier",
    "read_models",
    "template",
]
