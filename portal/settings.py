"""Settings, all of them from the environment (see .env.example and the README's table).

Sections, in this order: paths, safety, applications, database, cache and queue,
storage, photos, people, web, logs.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import structlog
from csp.constants import NONE, SELF

from portal import env

# --- Paths -------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
# Everything the embedded services keep. `manage.py demo --reset` throws it away.
PORTAL_DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / ".portal"))).resolve()

# --- Safety ------------------------------------------------------------------

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("127.0.0.1", "localhost"))
# The addresses under which browsers reach the portal, with scheme and port. The photo
# bucket's CORS rule lets uploads from these in.
PORTAL_ORIGINS = env.words("PORTAL_ORIGINS")
CSRF_TRUSTED_ORIGINS = PORTAL_ORIGINS

# Off only where the portal is reached by plain http on purpose (the demo on loopback).
HTTPS_ONLY = env.flag("HTTPS_ONLY", True)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = env.number("SECURE_HSTS_SECONDS", 31_536_000) if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS_ONLY
SECURE_HSTS_PRELOAD = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^health/"]
if env.flag("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = env.number("SESSION_HOURS", 12, least=1) * 3600
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"

# --- Applications ------------------------------------------------------------

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "portal.apps.PortalConfig",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_structlog",
    "axes",
    "csp",
    "pets.apps.PetsConfig",
    "photos.apps.PhotosConfig",
    "storage_admin.apps.StorageAdminConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.PatienceMiddleware",
    "portal.middleware.TimeZoneMiddleware",
    "portal.refused_presses.RefusedPressMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last, as its manual asks: it watches log-ins that the others let through.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database ----------------------------------------------------------------

DATABASE_URL = env.secret("DATABASE_URL", f"sqlite:///{PORTAL_DATA_DIR / 'portal.sqlite3'}")
DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL,
        conn_max_age=env.number("DATABASE_CONN_MAX_AGE_SECONDS", 60),
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    PORTAL_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)  # SQLite makes the file, not its folder
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock when it begins: two deferred transactions that both read
        # and then write fail with "database is locked" at once, whatever the time-out.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL, not NORMAL: after a power cut a row that said "stored" must still be there.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }

# --- Cache and queue ---------------------------------------------------------

REDIS_URL = env.secret("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
    }
}

CELERY_BROKER_URL = env.secret("CELERY_BROKER_URL", REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Rows are the truth and sweeps re-queue, so a message may come back late; an hour
    # is longer than any task's hard limit, hence nothing runs twice for slowness alone.
    "visibility_timeout": 3600,
    "unacked_restore_interval": 1,
    # An enqueue inside a web request must not hang when Redis is down, or hangs itself (it is
    # asked three times): the sweep finds the row. Workers wait in steps of one second.
    "socket_connect_timeout": 2,
    "socket_timeout": 3,
    "max_retries": 1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {
    "photos.tasks.sweep": {"queue": "bulk"},
    "storage_admin.tasks.*": {"queue": "bulk"},
    "storage_admin.schedules.tasks.*": {"queue": "bulk"},
    "storage_admin.analytics.tasks.*": {"queue": "bulk"},
    "storage_admin.arrivals.tasks.*": {"queue": "events"},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(PORTAL_DATA_DIR / "beat-schedule")
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 30, least=1)
CHECK_SECONDS = 60


def _every(seconds: int, task: str) -> dict[str, Any]:
    """Return an entry of the timetable; what nobody took up before the next one is due is dropped."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


# What the portal does by itself: one table, shown on the page of jobs. Beat sends the tasks of the
# sweeps; of the daily lines, at a time of day in TIME_ZONE or off, it has the due ones run each minute.
SCHEDULES: dict[str, dict[str, Any]] = {
    "photos-sweep": {"every_seconds": SWEEP_SECONDS, "task": "photos.tasks.sweep"},
    "storage-purge": {"every_seconds": SWEEP_SECONDS, "task": "storage_admin.tasks.purge"},
    # Asks the store only when the rows are an hour old; often, so that a new portal has its buckets soon.
    "storage-look": {"every_seconds": SWEEP_SECONDS, "task": "storage_admin.tasks.look_for_buckets"},
    # These go on with what is begun daily, a few buckets at a time, and with what is new.
    "storage-check": {"every_seconds": CHECK_SECONDS, "task": "storage_admin.tasks.check_buckets"},
    "storage-count": {"every_seconds": SWEEP_SECONDS, "task": "storage_admin.tasks.count_buckets"},
    "storage-jobs": {"every_seconds": SWEEP_SECONDS, "task": "storage_admin.tasks.sweep_jobs"},
    "storage-scans": {"every_seconds": CHECK_SECONDS, "task": "storage_admin.tasks.sweep_scans"},
    "trash": {"daily_at": env.time_of_day("SCHEDULE_TRASH", "01:00")},
    "exports": {"daily_at": env.time_of_day("SCHEDULE_EXPORTS", "01:05")},
    "share-links": {"daily_at": env.time_of_day("SCHEDULE_SHARE_LINKS", "01:10")},
    "sessions": {"daily_at": env.time_of_day("SCHEDULE_SESSIONS", "01:20")},
    "usage": {"daily_at": env.time_of_day("SCHEDULE_USAGE", "01:30")},
    "reconcile": {"daily_at": env.time_of_day("SCHEDULE_RECONCILE", "02:00")},
    "verify": {"daily_at": env.time_of_day("SCHEDULE_VERIFY", "03:00")},
    "uploads": {"daily_at": env.time_of_day("SCHEDULE_UPLOADS", "04:00")},
    "posture": {"daily_at": env.time_of_day("SCHEDULE_POSTURE", "05:00")},
}
CELERY_IMPORTS = (
    "storage_admin.schedules.tasks",
    "storage_admin.analytics.tasks",
    "storage_admin.arrivals.tasks",
)
CELERY_BEAT_SCHEDULE = {
    "schedules": _every(CHECK_SECONDS, "storage_admin.schedules.tasks.run_due"),
    **{
        name: _every(line["every_seconds"], line["task"])
        for name, line in SCHEDULES.items()
        if "task" in line
    },
}

# --- Storage -----------------------------------------------------------------

# Keys come from boto3's own chain (environment, profile, instance role), never from here.
AWS_STORAGE_BUCKET_NAME = env.text("AWS_STORAGE_BUCKET_NAME", "pettracker-photos")
AWS_ENDPOINT_URL_S3 = env.text("AWS_ENDPOINT_URL_S3", "")
AWS_REGION = env.text("AWS_REGION", env.text("AWS_DEFAULT_REGION", ""))
S3_ADDRESSING_STYLE = env.text("S3_ADDRESSING_STYLE", "auto", choices=("auto", "path", "virtual"))
# boto3 >= 1.36 adds checksums that some S3 stores refuse; "when_required" switches that off.
S3_CHECKSUMS = env.text("S3_CHECKSUMS", "when_supported", choices=("when_supported", "when_required"))
# The address under which a browser reaches the store, when it is not the portal's own.
# Unset with a private endpoint, uploads and pictures go through the portal.
S3_BROWSER_ENDPOINT_URL = env.text("S3_BROWSER_ENDPOINT_URL", "")

# Which software answers there, for what it is known to lack (portal.s3.capabilities).
S3_SERVERS = ("amazon", "seaweedfs", "ceph", "rclone", "ministack", "moto", "localstack", "other")


def _connection(name: str) -> dict[str, Any]:
    """Return the connection whose variables begin with S3_<NAME>_."""
    name = name.upper().replace("-", "_")
    return {
        "endpoint_url": env.text(f"S3_{name}_ENDPOINT_URL", ""),
        "region": env.text(f"S3_{name}_REGION", ""),
        "profile": env.text(f"S3_{name}_PROFILE", ""),
        "role_arn": env.text(f"S3_{name}_ROLE_ARN", ""),
        "external_id": env.text(f"S3_{name}_EXTERNAL_ID", ""),
        "expected_owner": env.text(f"S3_{name}_EXPECTED_OWNER", ""),
        "requests_a_second": env.number(f"S3_{name}_REQUESTS_A_SECOND", 0),
        "server": env.text(f"S3_{name}_SERVER", "", choices=S3_SERVERS),
        "addressing_style": S3_ADDRESSING_STYLE,
        "checksums": S3_CHECKSUMS,
    }


# Other accounts and stores that the portal looks after; photos are in "default" alone. Not
# "browser": its variables would be those of S3_BROWSER_ENDPOINT_URL.
S3_CONNECTION_NAMES = env.names("S3_CONNECTION_NAMES", but=("default", "browser"))
S3_CONNECTIONS: dict[str, dict[str, Any]] = {
    "default": {
        "endpoint_url": AWS_ENDPOINT_URL_S3,
        "browser_endpoint_url": S3_BROWSER_ENDPOINT_URL,
        "region": AWS_REGION,
        "role_arn": env.text("S3_ROLE_ARN", ""),
        "external_id": env.text("S3_EXTERNAL_ID", ""),
        "expected_owner": env.text("S3_EXPECTED_OWNER", ""),
        "requests_a_second": env.number("S3_REQUESTS_A_SECOND", 0),
        "server": env.text("S3_SERVER", "", choices=S3_SERVERS),
        "addressing_style": S3_ADDRESSING_STYLE,
        "checksums": S3_CHECKSUMS,
    },
    **{name: _connection(name) for name in S3_CONNECTION_NAMES},
}

# Whether jobs that destroy more than 10 % of a bucket, or 10,000 objects, need a second person.
JOB_APPROVAL = env.flag("JOB_APPROVAL", False)
# A job's worker is dead when it gave no sign of life for so long: more than any one call takes.
JOB_STALE_SECONDS = env.number("JOB_STALE_SECONDS", 120, least=3)

# Uploads that were begun so long ago and never ended are aborted, in these buckets alone (each a name, or
# connection/name); none named is the photos' own: of what lies elsewhere the portal knows too little.
ABORT_UPLOADS_DAYS = env.number("ABORT_UPLOADS_DAYS", 7, least=1)
ABORT_UPLOADS_BUCKETS = env.words("ABORT_UPLOADS_BUCKETS")
# Originals that are compared with their rows each night; in time all of them are.
VERIFY_PER_NIGHT = env.number("VERIFY_PER_NIGHT", 20_000, least=1)

# --- Amazon's other services ------------------------------------------------

# Whose keys and region they are called with, and where; empty: Amazon's own addresses.
SERVICES_CONNECTION = env.text("SERVICES_CONNECTION", "default", choices=tuple(S3_CONNECTIONS))
SERVICES_ENDPOINT_URL = env.text("SERVICES_ENDPOINT_URL", "")
# The mobile app's tables, kept equal to the rows (storage_admin/mirror); off: nothing is noticed or sent.
DYNAMODB_MIRROR = env.flag("DYNAMODB_MIRROR", False)
DYNAMODB_TABLE_PREFIX = env.text("DYNAMODB_TABLE_PREFIX", "PetTracker-")
DYNAMODB_PETS_TABLE = env.text("DYNAMODB_PETS_TABLE", "Pets")
DYNAMODB_PHOTOS_TABLE = env.text("DYNAMODB_PHOTOS_TABLE", "Photos")
# Amazon's prices by region, as `update_prices` writes them; empty: those that the portal comes with.
PRICES_FILE = env.text("PRICES_FILE", "")
# Jobs on more objects may be handed over to Amazon; to S3 Batch Operations only with a bucket and a role.
HANDOVER_OBJECTS = env.number("HANDOVER_OBJECTS", 10_000)
BATCH_BUCKET = env.text("BATCH_BUCKET", "")
BATCH_PREFIX = env.text("BATCH_PREFIX", "batch-operations").strip("/")
BATCH_ROLE_ARN = env.text("BATCH_ROLE_ARN", "")
if DYNAMODB_MIRROR:
    SCHEDULES["mirror"] = {"every_seconds": 5, "task": "storage_admin.tasks.mirror_changes"}
    CELERY_BEAT_SCHEDULE["mirror"] = _every(5, "storage_admin.tasks.mirror_changes")
# The store's own events, read from a queue (storage_admin/arrivals); off: nobody polls.
S3_EVENTS = env.flag("S3_EVENTS", False)
EVENTS_QUEUE = env.text("EVENTS_QUEUE", "pettracker-events")
# Photos that other programs put under this prefix of these buckets (each a name, or connection/name; none:
# the photos' own) become photos here: told by events, and found by a look in any store.
ARRIVALS = env.flag("ARRIVALS", False)
ARRIVALS_PREFIX = env.text("ARRIVALS_PREFIX", "incoming/")
ARRIVALS_SOURCES = env.words("ARRIVALS_SOURCES")
ARRIVALS_LOOK_SECONDS = env.number("ARRIVALS_LOOK_SECONDS", 60, least=5)
for _is_on, _name, _seconds, _task in (
    # One slice after the other: each polls for almost as long.
    (S3_EVENTS, "events", 5, "storage_admin.arrivals.tasks.read_events"),
    (ARRIVALS, "arrivals", ARRIVALS_LOOK_SECONDS, "storage_admin.arrivals.tasks.look"),
):
    if _is_on:
        SCHEDULES[_name] = {"every_seconds": _seconds, "task": _task}
        CELERY_BEAT_SCHEDULE[_name] = _every(_seconds, _task)

# Where pets, photos and usage are exported to as Parquet (storage_admin/analytics): a bucket of its own, as
# name or connection/name; empty: nothing is exported.
ANALYTICS_BUCKET = env.text("ANALYTICS_BUCKET", "")
ANALYTICS_PREFIX = env.text("ANALYTICS_PREFIX", "analytics/")
ANALYTICS_KEEP_DAYS = env.number("ANALYTICS_KEEP_DAYS", 365)  # 0: all
_export_at = env.time_of_day("SCHEDULE_ANALYTICS", "04:30")
SCHEDULES["analytics"] = {"daily_at": _export_at if ANALYTICS_BUCKET else None}
if ANALYTICS_BUCKET:
    _sweep = "storage_admin.analytics.tasks.sweep_exports"
    SCHEDULES["analytics-sweep"] = {"every_seconds": CHECK_SECONDS, "task": _sweep}
    CELERY_BEAT_SCHEDULE["analytics-sweep"] = _every(CHECK_SECONDS, _sweep)

# The Glue jobs that may be started from here (storage_admin/glue): by a person, after each export, daily.
GLUE_JOBS = env.words("GLUE_JOBS")
GLUE_AFTER_EXPORT = env.text("GLUE_AFTER_EXPORT", "", choices=tuple(GLUE_JOBS))
GLUE_DAILY_JOBS = env.words("GLUE_DAILY_JOBS")
_glue_at = env.time_of_day("SCHEDULE_GLUE", "05:30")
SCHEDULES["glue"] = {"daily_at": _glue_at if GLUE_DAILY_JOBS else None}
if GLUE_JOBS:
    SCHEDULES["glue-sweep"] = {"every_seconds": SWEEP_SECONDS, "task": "storage_admin.tasks.follow_glue"}
    CELERY_BEAT_SCHEDULE["glue-sweep"] = _every(SWEEP_SECONDS, "storage_admin.tasks.follow_glue")

# Where S3 Inventory delivers its reports, in a bucket of the same connection; empty: none are looked for.
INVENTORY_BUCKET = env.text("INVENTORY_BUCKET", "")
INVENTORY_PREFIX = env.text("INVENTORY_PREFIX", "inventory").strip("/")
# A bucket that held more versions when it was counted last: the daily rounds read a report, if one is fresh.
INVENTORY_OBJECTS = env.number("INVENTORY_OBJECTS", 1_000_000)
INVENTORY_ID = env.text("INVENTORY_ID", "pettracker-portal")  # what the portal's reports are called

STORAGES = {
    "default": {"BACKEND": "portal.s3.storage.PhotoStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Photos ------------------------------------------------------------------

MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_BYTES", 25_000_000, least=1)
MAX_UPLOAD_FILES = env.number("MAX_UPLOAD_FILES", 100, least=1)
MAX_PHOTO_PIXELS = env.number("MAX_PHOTO_PIXELS", 50_000_000, least=1)
# The closed list of what is derived from each photo; sides in pixels. "tile" is cut square.
# A change here gives new digests: a photo gets its new ones when it is processed next.
RENDITIONS = [
    {"name": "full", "longest_side": 1600, "format": "webp"},
    {"name": "share", "longest_side": 1600, "format": "jpeg"},
    {"name": "card", "longest_side": 480, "format": "webp"},
    {"name": "tile", "longest_side": 160, "format": "webp", "square": True},
]
MAX_PHOTO_FRAMES = env.number("MAX_PHOTO_FRAMES", 1_000, least=1)
UPLOAD_URL_SECONDS = env.number("UPLOAD_URL_SECONDS", 900, least=60, most=604_800)
RENDITION_URL_SECONDS = env.number("RENDITION_URL_SECONDS", 3_600, least=120, most=3_600)
ORIGINAL_URL_SECONDS = env.number("ORIGINAL_URL_SECONDS", 300, least=10, most=300)
SHARE_LINK_MAX_DAYS = env.number("SHARE_LINK_MAX_DAYS", 90, least=1, most=3_650)
TRASH_DAYS = env.number("TRASH_DAYS", 30, least=1)
UPLOAD_ABANDONED_HOURS = env.number("UPLOAD_ABANDONED_HOURS", 24, least=1)
# A photo that waits longer than this is queued again; Redis may have lost the message.
REQUEUE_AFTER_SECONDS = env.number("REQUEUE_AFTER_SECONDS", 60, least=1)
# A claim older than this belongs to a dead worker: longer than the hard time limit below.
CLAIM_STALE_SECONDS = env.number("CLAIM_STALE_SECONDS", 90, least=1)
PROCESSING_ATTEMPTS = env.number("PROCESSING_ATTEMPTS", 3, least=1)
PROCESSING_SECONDS = env.number("PROCESSING_SECONDS", 30, least=1)
PROCESSING_MEMORY_BYTES = env.number("PROCESSING_MEMORY_BYTES", 768 * 1024 * 1024, least=256 * 1024 * 1024)

# --- People ------------------------------------------------------------------

AUTH_USER_MODEL = "portal.User"
AUTHENTICATION_BACKENDS = [
    # First: it refuses a locked-out name before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
AXES_FAILURE_LIMIT = env.number("LOGIN_FAILURE_LIMIT", 10, least=1)
AXES_COOLOFF_TIME = env.number("LOGIN_COOLOFF_HOURS", 1, least=1)
# Name and address together: a stranger must not be able to lock a colleague out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False  # portal.admin registers what is of use
AXES_LOCKOUT_CALLABLE = "portal.errors.locked_out"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

# --- Web ---------------------------------------------------------------------

STATIC_URL = "static/"
# Pages name files by their hash only; without the second copies `collectstatic` takes half the time.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(PORTAL_DATA_DIR / "static")))
LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_UPLOAD_FILES


def _origin(url: str) -> str:
    """Return scheme://host[:port] of a URL, as a Content-Security-Policy source wants it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _browser_store_origins() -> list[str]:
    """Origins that pages may load pictures from and PUT uploads to."""
    if S3_BROWSER_ENDPOINT_URL:
        return [_origin(S3_BROWSER_ENDPOINT_URL)]
    if AWS_ENDPOINT_URL_S3:
        return []  # private: the portal itself passes the bytes on
    region = AWS_REGION or "us-east-1"
    return [
        f"https://{AWS_STORAGE_BUCKET_NAME}.s3.{region}.amazonaws.com",
        f"https://{AWS_STORAGE_BUCKET_NAME}.s3.amazonaws.com",
        f"https://s3.{region}.amazonaws.com",
    ]


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "blob:", *_browser_store_origins()],
        "connect-src": [SELF, *_browser_store_origins()],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
        "object-src": [NONE],
    }
}

# --- Logs --------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_JSON = env.flag("LOG_JSON", True)
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared_processors,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer()
                if LOG_JSON
                else structlog.dev.ConsoleRenderer(colors=False),
            ],
            "foreign_pre_chain": _shared_processors,
        },
    },
    "filters": {"tokens": {"()": "portal.log_privacy.ShareTokenFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["tokens"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # botocore at DEBUG prints signed headers; boto's INFO names where keys were found.
        "botocore": {"level": "WARNING"},
        "boto3": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        # libvips warns of each damaged tile; the refusal says it once, with the photo's id.
        "pyvips": {"level": "ERROR"},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
