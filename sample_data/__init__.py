"""The sample workspace: a real log, a synthetic fleet and the truth about both."""

from burnline.sample_data.build import build

__all__ = ["build"]
