"""List and facts to issues, score and verdict."""
