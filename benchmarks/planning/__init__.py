"""The dry run of a job over many keys, beside the bucket's list."""
