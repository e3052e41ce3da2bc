"""The house rules of docs/architecture.md, read from the source itself."""
