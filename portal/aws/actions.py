"""Which rights (IAM actions) the operations of Amazon's other services need: a line for each. Pure tables.

Source: the Service Authorization Reference of each service.
"""

from portal.s3 import actions as s3

ACTIONS: dict[str, tuple[str, ...]] = {
    "BatchStopJobRun": ("glue:BatchStopJobRun",),
    "BatchWriteItem": ("dynamodb:BatchWriteItem",),
    "ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
    "CreateJob": ("glue:CreateJob",),
    "CreateQueue": ("sqs:CreateQueue",),
    "CreateTable": ("dynamodb:CreateTable",),
    "DeleteMessage": ("sqs:DeleteMessage",),
    "DescribeContinuousBackups": ("dynamodb:DescribeContinuousBackups",),
    "DescribeTable": ("dynamodb:DescribeTable",),
    "GetItem": ("dynamodb:GetItem",),
    "GetJob": ("glue:GetJob",),
    "GetJobRun": ("glue:GetJobRun",),
    "GetJobRuns": ("glue:GetJobRuns",),
    "GetQueueAttributes": ("sqs:GetQueueAttributes",),
    "GetQueueUrl": ("sqs:GetQueueUrl",),
    "PutItem": ("dynamodb:PutItem",),
    "Query": ("dynamodb:Query",),
    "ReceiveMessage": ("sqs:ReceiveMessage",),
    "Scan": ("dynamodb:Scan",),
    "SendMessage": ("sqs:SendMessage",),
    "SetQueueAttributes": ("sqs:SetQueueAttributes",),
    "StartJobRun": ("glue:StartJobRun",),
    "UpdateContinuousBackups": ("dynamodb:UpdateContinuousBackups",),
}


def missing(operation: str, said: str = "") -> str:
    """Return the action to grant where the operation was refused, empty where that is not known."""
    return s3.said_by_store(said) or next(iter(ACTIONS.get(operation, ())), "")
