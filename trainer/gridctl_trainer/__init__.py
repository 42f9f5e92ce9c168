"""The package that runs inside the container: data, models and training. It never imports `gridctl`."""
