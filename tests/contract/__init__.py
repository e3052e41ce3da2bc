"""Statements about S3, told by the portal's own verbs, against every store there is.

Each test names the fact it holds (its number in the suite's list). What a store is known not to
do stands in portal/s3/capabilities.py: such a test must then fail, or the table is wrong.

`CONTRACT_S3_ENDPOINT`, `CONTRACT_S3_ACCESS_KEY`, `CONTRACT_S3_SECRET_KEY`, and if need be
`CONTRACT_S3_REGION` and `CONTRACT_S3_SERVER`, add one more store, with buckets `contract-…` made
and deleted there.
"""
