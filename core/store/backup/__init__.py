"""Copies of an instance's databases: taken while it runs, brought back whole or not at all."""
