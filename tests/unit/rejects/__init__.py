"""Rejected rows as a file."""
