"""What leaves a closed week, and in which forms: a function of totals and threshold."""
