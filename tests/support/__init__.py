"""The code that tests of several rooms share: servers, databases, projects, damaged disks."""
