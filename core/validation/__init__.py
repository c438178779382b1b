"""Whether data are as they must be, stage by stage of the pipeline."""
