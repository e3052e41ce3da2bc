"""Statements about S3, told by the portal's own verbs, against every store there is.

Each test names the fact it holds (its number in the suite's list). What a store is known not to
do stands in portal/s3/differences.py: such a test must then fail, or the table is wrong.

`CONTRACT_S3_ENDPOINT` and others add one more store, of any make: docs/contract.md says how.
"""
