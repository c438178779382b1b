"""One file per page: what it asks of the workspace, then how it shows it."""
