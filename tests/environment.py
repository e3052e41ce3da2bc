"""The environment that tests run in, set before Django reads its settings (`-p tests.environment`).

No developer's AWS keys, profile or endpoint can leak in: what boto3 would look
at is replaced by values that open nothing outside this machine.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="pettracker-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

for name in [name for name in os.environ if name.startswith(("AWS_", "S3_", "CELERY_", "REDIS_"))]:
    del os.environ[name]

os.environ.update(
    SECRET_KEY="only-for-tests-" + "x" * 50,
    HTTPS_ONLY="false",
    LOG_JSON="false",
    LOG_LEVEL="WARNING",
    PORTAL_DATA_DIR=str(SCRATCH),
    REDIS_URL="redis://127.0.0.1:1/0",  # nobody listens: a test that needs Redis starts its own
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing-secret",
    AWS_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=str(SCRATCH / "no-aws-config"),
    AWS_SHARED_CREDENTIALS_FILE=str(SCRATCH / "no-aws-credentials"),
    AWS_STORAGE_BUCKET_NAME="pettracker-tests",
)
