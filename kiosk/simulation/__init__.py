"""A MADE-UP FAIR: real, signed journals of tablets and visitors that never were, and the truth about them."""
