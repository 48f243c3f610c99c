"""THE RELAY: keeps bundles on the fair's own network until the hub has signed for them. It can read no complaint."""
