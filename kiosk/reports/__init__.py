"""WHAT IT AMOUNTS TO: facts → figures, pure."""
