"""Which rights the portal needs at Amazon, by feature and by side, as IAM policies.

`features` is the table of what each feature asks of Amazon; tests/storage_admin/rights hold it equal
to what the source can call. The actions that an operation needs stand in portal.s3.actions and
portal.aws.actions. `policies` writes the documents.
"""
