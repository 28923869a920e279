"""From the resolved registry to texts, one module for each kind of output; no disk is used."""
