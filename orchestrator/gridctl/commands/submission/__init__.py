"""What a submission starts, what it leaves alone, and what it says about changes."""
