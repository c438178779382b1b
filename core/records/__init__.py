"""What people and Burnline itself write down: marks, notes, overrides, messages sent, definitions in force."""
