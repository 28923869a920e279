"""The step from files to located statements: folders, archives and Backdrop's grammar."""
