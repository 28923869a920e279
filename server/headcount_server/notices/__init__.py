"""Notices: a word by mail or webhook about each week that is published, made of public facts."""
