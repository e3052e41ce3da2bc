"""Which rights (IAM actions) the operations of Amazon's other services need: a line for each. Pure tables.

Source: the Service Authorization Reference of each service.
"""

from portal.s3 import actions as s3

ACTIONS: dict[str, tuple[str, ...]] = {
    "BatchWriteItem": ("dynamodb:BatchWriteItem",),
    "CreateTable": ("dynamodb:CreateTable",),
    "DescribeContinuousBackups": ("dynamodb:DescribeContinuousBackups",),
    "DescribeTable": ("dynamodb:DescribeTable",),
    "GetItem": ("dynamodb:GetItem",),
    "PutItem": ("dynamodb:PutItem",),
    "Query": ("dynamodb:Query",),
    "Scan": ("dynamodb:Scan",),
    "UpdateContinuousBackups": ("dynamodb:UpdateContinuousBackups",),
}


def missing(operation: str, said: str = "") -> str:
    """Return the action to grant where the operation was refused, empty where that is not known."""
    return s3.said_by_store(said) or next(iter(ACTIONS.get(operation, ())), "")
