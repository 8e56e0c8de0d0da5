"""What a verification costs, here and elsewhere."""
