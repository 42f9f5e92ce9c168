"""What a cluster has and allows, asked before any Job is created."""
