"""The delivery of a weekly report: its moment, its retries, its history."""
