"""Photos of pets: uploads, renditions, sweeps."""
