"""THE CENTRE: takes in what booths send, adds it up, and opens complaints. Never imports the booth."""
