"""The product without its pages: pure Python over files, tables and one database."""
