"""Files in, statements with their places out: Backdrop's grammar, archives and folders."""
