"""What changed in the inputs and outputs of a model, and whether it matters."""
