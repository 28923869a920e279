"""The resolved registry in, the text of one kind of output out; nothing touches the disk."""
