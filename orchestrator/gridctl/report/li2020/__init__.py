"""The printed tables and figures of Li (2020) beside ours."""
