"""THE TABLET: a journal, the screens over it, and the way to the hub. Never imports the hub."""
