"""The weekly report on its way: its moment, its retries, what was sent."""
