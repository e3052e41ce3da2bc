"""Pets, their owners, and their weight and status histories."""
