"""The S3 storage behind the photos."""
