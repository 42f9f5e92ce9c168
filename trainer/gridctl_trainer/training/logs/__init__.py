"""What an attempt writes into the store while it trains."""
