"""Numbers printed on packets: what they are made of, and whether they can be right. Pure; nothing here is kept."""
