"""What would keep runs from training, found before they start: device, data, patients, one step of each model."""
