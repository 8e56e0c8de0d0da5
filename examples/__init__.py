"""Programs that use jwtfast as its users would."""
