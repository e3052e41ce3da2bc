"""What a process loads before its first request or task: heavy libraries only where they are used."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOAD = """
import sys, django
django.setup()
from django.urls import get_resolver
from portal.celery import app
assert get_resolver().url_patterns
app.loader.import_default_modules()
assert "storage_admin.analytics.tasks.run_export" in app.tasks, sorted(app.tasks)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_reports_library_is_loaded_by_who_reads_or_writes_one_alone(tmp_path: Path) -> None:
    """pyarrow takes 40 MB of each process."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings", "PORTAL_DATA_DIR": str(tmp_path)}

    said = subprocess.check_output([sys.executable, "-c", LOAD], cwd=ROOT, env=environment, text=True)

    assert {"boto3", "celery", "storage_admin"} <= set(said.split())
    assert "pyarrow" not in said.split()
