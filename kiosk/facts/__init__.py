"""WHAT HAPPENED: facts, pure. No Flask, no database, no clock of its own."""
