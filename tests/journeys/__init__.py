"""Stories that cross both sides: a real booth, a real hub, a real browser."""
