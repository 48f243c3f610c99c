"""THE WIRE: batches, receipts, keys, and pushing one to get the other."""
