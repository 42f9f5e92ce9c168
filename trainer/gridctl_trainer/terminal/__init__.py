"""What the commands of both packages share for reading arguments and writing to their streams."""
