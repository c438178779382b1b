"""How far apart two distributions lie, from their histograms."""
