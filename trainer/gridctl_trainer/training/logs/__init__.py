"""The logs that an attempt writes into the store while it trains."""
