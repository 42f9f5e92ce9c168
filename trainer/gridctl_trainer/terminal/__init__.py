"""How the commands of both packages read arguments and write to their streams."""
