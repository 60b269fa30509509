"""The product without its pages: pure Python over files, tables and one database."""

__version__ = "0.1.0"  # the version of code that stands in every run; pyproject.toml agrees
