"""The pipeline from paths to written output: its stages in order."""
