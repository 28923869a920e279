"""The subcommands of `headcount-server`, one module per group."""
