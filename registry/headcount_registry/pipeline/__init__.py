"""From paths to written output: each stage in order, and what is written where."""
