"""What tests of several rooms share: servers, databases, sample projects, damaged disks."""
