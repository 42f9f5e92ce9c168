"""What each verb of the command line does, apart from parsing and printing."""
