"""A Django site that is counted, if its owner likes."""
