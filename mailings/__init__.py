"""From a campaign to an audience to deliveries to what became of them."""
