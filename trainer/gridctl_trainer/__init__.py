"""What runs inside the container: data, models, training. Never imports `gridctl`."""
