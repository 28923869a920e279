"""The command line of a generated package: `python -m <project>_telemetry`."""
