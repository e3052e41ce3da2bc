"""The S3 seam: the only place in the project that imports boto3 or botocore.

`objects` and `buckets` hold the verbs, `session` the clients, `links` the signed
URLs, `storage` the Django storage, `types` what they return, `errors` what they raise.
"""
