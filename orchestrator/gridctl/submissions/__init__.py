"""What was submitted from this folder, and what is being submitted now."""
