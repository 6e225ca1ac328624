"""Complete settings. The other modules of this package only override single values."""

from urllib.parse import urlsplit

from celery.schedules import crontab

from config import env

ROOT = env.ROOT
BEACON_DATA_DIR = env.data_dir()
DEBUG = env.flag("BEACON_DEBUG")
SECRET_KEY = env.secret_key()
# Former keys, newest first: what they sealed and signed still opens, nothing is sealed or signed by them any more.
SECRET_KEY_FALLBACKS = env.former_keys("BEACON_SECRET_KEY_FALLBACKS")

# --- where it can be reached ------------------------------------------------------------------------------------------
PORT = env.port("PORT", 8000)
TRACK_PORT = env.port("TRACK_PORT", PORT + 1)
BEACON_SCHEME = env.choice("BEACON_SCHEME", "http", ("http", "https"))
# Agencies live under this host: alder.<BEACON_PUBLIC_HOST>. `*.localhost` resolves in every browser without set-up.
BEACON_PUBLIC_HOST = env.text("BEACON_PUBLIC_HOST", "localhost")
# The port in links, where it isn't the one listened on (behind a proxy).
BEACON_URL_PORT = env.port("BEACON_URL_PORT", PORT)
# Where tags send to. Empty: the public host on TRACK_PORT.
BEACON_TRACK_URL = env.text("BEACON_TRACK_URL") or f"{BEACON_SCHEME}://{BEACON_PUBLIC_HOST}:{TRACK_PORT}"
# `unix`: whoever comes by a socket file, which nobody outside can.
BEACON_TRUSTED_PROXIES = env.networks("BEACON_TRUSTED_PROXIES", besides="unix")
BEACON_TRUSTS_SOCKETS = "unix" in env.words("BEACON_TRUSTED_PROXIES")
# The one header in which those proxies name the client. Empty: X-Forwarded-For, or else Forwarded.
BEACON_CLIENT_ADDRESS_HEADER = env.proxy_header(
    "BEACON_CLIENT_ADDRESS_HEADER", has_proxies=bool(BEACON_TRUSTED_PROXIES) or BEACON_TRUSTS_SOCKETS
)
ALLOWED_HOSTS = [f".{BEACON_PUBLIC_HOST}", "127.0.0.1", *env.words("BEACON_ALLOWED_HOSTS")]

# --- applications -----------------------------------------------------------------------------------------------------
SHARED_APPS = [
    "django_tenants",
    "apps.core",
    "apps.agencies",
    "apps.networks",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "channels",
    "rest_framework",
    "django_htmx",
    "template_partials",
    "csp",
]
TENANT_APPS = [
    "apps.sites",
    "apps.tracking",
    "apps.installation",
    "apps.companies",
    "apps.scoring",
    "apps.alerts",
    "apps.destinations",
    "apps.live",
    "apps.analytics",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

TENANT_MODEL = "agencies.Agency"
TENANT_DOMAIN_MODEL = "agencies.Domain"
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_NAME = "public"
ROOT_URLCONF = "config.urls"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

MIDDLEWARE = [
    "apps.core.middleware.RequestIdMiddleware",
    "apps.agencies.middleware.AgencyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.agencies.middleware.MembershipMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.analytics.navigation.navigation",
            ],
            "builtins": ["apps.core.templatetags.ui"],
        },
    }
]

# --- servers ----------------------------------------------------------------------------------------------------------
DATABASE_URL = env.service("DATABASE_URL", "database_url")
REDIS_URL = env.service("REDIS_URL", "redis_url")
_volatile = env.service("REDIS_CACHE_URL", "volatile_url") or REDIS_URL
REDIS_CACHE_URL = _volatile
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or _volatile
CHANNELS_URL = env.text("CHANNELS_URL") or _volatile


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": env.integer("BEACON_CONN_MAX_AGE", 0),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"connect_timeout": 5},
    }


DATABASES = {"default": _database(DATABASE_URL)}
DATABASE_ROUTERS = ("django_tenants.routers.TenantSyncRouter",)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_CACHE_URL,
        "KEY_FUNCTION": "apps.core.tenancy.cache_key",
        "TIMEOUT": 300,
    }
}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [CHANNELS_URL], "prefix": "beacon"},
    }
}

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 220
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ROUTES = {
    # Waits for name servers, which nobody's company should have to wait for.
    "apps.companies.tasks.hosts_sweep": {"queue": "default"},
    # Wait for the mail server, likewise.
    "apps.companies.tasks.mention*": {"queue": "default"},
    "apps.companies.*": {"queue": "enrichment"},
    "apps.scoring.*": {"queue": "scoring"},
    # Wait for providers, some of which are slow or dead: by threads of their own, so that nothing else waits for these.
    "apps.destinations.tasks.destination_send": {"queue": "sending"},
    "apps.destinations.tasks.deliveries_confirm": {"queue": "sending"},
    "apps.destinations.*": {"queue": "destinations"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "partitions": {"task": "apps.tracking.tasks.partitions_make_ahead", "schedule": crontab(minute="17", hour="*/6")},
    "salts": {"task": "apps.tracking.tasks.salts_rotate", "schedule": crontab(minute="*/10")},
    "retention": {"task": "apps.tracking.tasks.retention_enforce", "schedule": crontab(minute="23", hour="*")},
    "erase-sweep": {"task": "apps.tracking.tasks.erase_sweep", "schedule": crontab(minute="*/10")},
    "orphans": {"task": "apps.tracking.tasks.engagement_orphans_drop", "schedule": crontab(minute="41", hour="*")},
    "match-keys-expire": {"task": "apps.tracking.tasks.match_keys_expire", "schedule": crontab(minute="29")},
    "goals-sweep": {"task": "apps.tracking.tasks.goals_sweep", "schedule": 60.0},
    "rules-sweep": {"task": "apps.tracking.tasks.rules_sweep", "schedule": 60.0},
    "durable-rewrite": {"task": "apps.tracking.tasks.durable_file_rewrite", "schedule": crontab(minute="53")},
    # One that couldn't begin before the next is due has nothing to add to it.
    "rollups": {
        "task": "apps.tracking.tasks.rollups_build",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "silences": {
        "task": "apps.installation.tasks.silences_watch",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240.0},
    },
    "match-sweep": {"task": "apps.companies.tasks.match_sweep", "schedule": 60.0},
    # One that couldn't begin before the next is due has nothing to add to it.
    "networks-sweep": {
        "task": "apps.companies.tasks.networks_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "hosts-sweep": {
        "task": "apps.companies.tasks.hosts_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "profiles-sweep": {
        "task": "apps.companies.tasks.profiles_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "mentions-sweep": {
        "task": "apps.companies.tasks.mentions_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "scores-sweep": {
        "task": "apps.scoring.tasks.scores_sweep",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "scores-cool": {
        "task": "apps.scoring.tasks.scores_cool",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "scores-runs": {
        "task": "apps.scoring.tasks.runs_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "changes-tidy": {"task": "apps.scoring.tasks.changes_tidy", "schedule": crontab(minute="33")},
    "matches-tidy": {"task": "apps.companies.tasks.matches_tidy", "schedule": crontab(minute="37")},
    "alerts-sweep": {
        "task": "apps.alerts.tasks.alerts_sweep",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "digests": {
        "task": "apps.alerts.tasks.digests_raise",
        "schedule": crontab(minute="*/5"),
        "options": {"expires": 240.0},
    },
    "destinations-sweep": {
        "task": "apps.destinations.tasks.destinations_sweep",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "deliveries-tidy": {"task": "apps.destinations.tasks.deliveries_tidy", "schedule": crontab(minute="29")},
    "alerts-tidy": {"task": "apps.alerts.tasks.alerts_tidy", "schedule": crontab(minute="49", hour="4")},
    "spares": {"task": "apps.agencies.tasks.spares_refill", "schedule": 60.0},
    "databases": {
        "task": "apps.networks.tasks.databases_refresh",
        "schedule": crontab(minute="11", hour="3", day_of_month="4"),
    },
}

# --- destinations ---
# For how many days the requests to providers and their answers are kept, masked.
BEACON_ATTEMPTS_DAYS = env.integer("BEACON_ATTEMPTS_DAYS", 30, least=1, most=3650)

# --- people -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "agencies.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Memory-hard and, at this strength, quicker than PBKDF2: a sign-up shall take less than half a second.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "apps.agencies.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = BEACON_SCHEME == "https"
CSRF_COOKIE_SECURE = BEACON_SCHEME == "https"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "apps.agencies.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "apps.agencies.forms.SignupForm"}
ACCOUNT_SESSION_REMEMBER = True
# Login limits count per address: behind a proxy that is the one the nearest proxy saw.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEACON_TRUSTED_PROXIES else 0
ACCOUNT_DEFAULT_HTTP_PROTOCOL = BEACON_SCHEME

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("BEACON_MAIL_FROM", f"Beacon <beacon@{BEACON_PUBLIC_HOST}>")
# A mail server that doesn't answer is given up, lest a task is killed with its mail under way. Seconds.
EMAIL_TIMEOUT = 20
BEACON_OUTBOX_DIR = BEACON_DATA_DIR / "outbox"

# --- pages ------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BEACON_DATA_DIR / "static"
# Built files only: sources in static/ name fonts and modules that exist before bundling alone.
STATICFILES_DIRS = [("dist", ROOT / "static" / "dist")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", "ws:", "wss:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # An agency's /login leads to the public host and back, and browsers check redirects of forms too.
        "form-action": [
            "'self'",
            f"{BEACON_SCHEME}://{BEACON_PUBLIC_HOST}:*",
            f"{BEACON_SCHEME}://*.{BEACON_PUBLIC_HOST}:*",
        ],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

# --- ingest and pipeline ----------------------------------------------------------------------------------------------
BEACON_PIPELINE = "config.pipeline"
BEACON_SEALED = "config.sealed"
# Streams events:{p0}..{pN-1}. Changing it needs drained streams.
STREAM_PARTITIONS = 16
# Bound of all streams together, in bytes; past it the door answers 503.
STREAM_MAX_BYTES = env.integer("BEACON_STREAM_MAX_BYTES", 256 * 2**20, least=2**20, most=2**40)
INGEST_RATE_PER_IP = env.integer("BEACON_RATE_PER_IP", 200, least=1)  # requests a second
INGEST_RATE_PER_SITE = env.integer("BEACON_RATE_PER_SITE", 5_000, least=1)
# What an agency may give a site of its own accord.
INGEST_RATE_PER_SITE_MOST = env.integer("BEACON_RATE_PER_SITE_MOST", 50_000, least=1)
# With the limits' server away: each process keeps to the rates alone (open), or the door answers 503 (closed).
INGEST_LIMITS_OPEN = not env.flag("BEACON_LIMITS_CLOSED")

# Which database of places is fetched: cities (64 MB), or countries only (8 MB).
BEACON_GEO = env.choice("BEACON_GEO", "city", ("city", "country"))

# --- asking IPinfo ----------------------------------------------------------------------------------------------------
# Without a token nobody is asked: the local databases say what they know.
BEACON_IPINFO_TOKEN = env.text("BEACON_IPINFO_TOKEN")
BEACON_IPINFO_PLAN = env.choice("BEACON_IPINFO_PLAN", "core", ("lite", "core", "plus", "legacy"))
# Where batches are asked; empty: as the plan has it.
BEACON_IPINFO_URL = env.url("BEACON_IPINFO_URL")
# Addresses a day (UTC). The smallest paid plan has 150,000 a month.
BEACON_IPINFO_BUDGET = env.integer("BEACON_IPINFO_BUDGET", 5_000)

# --- names of visitors' hosts -----------------------------------------------------------------------------------------
# Whether name servers are asked for the names of visitors' addresses (reverse DNS).
BEACON_REVERSE_DNS = env.flag("BEACON_REVERSE_DNS", default=True)
# host:port of the one that is asked; none: those of this machine.
BEACON_DNS_SERVER = env.server("BEACON_DNS_SERVER", 53)
# Addresses a day (UTC).
BEACON_REVERSE_DNS_BUDGET = env.integer("BEACON_REVERSE_DNS_BUDGET", 50_000)

# --- asking for companies' profiles -----------------------------------------------------------------------------------
# With {domain} where the domain goes. Empty: nobody is asked.
BEACON_PROFILE_URL = env.url_of_domain("BEACON_PROFILE_URL")
BEACON_PROFILE_TOKEN = env.token("BEACON_PROFILE_TOKEN")
BEACON_PROFILE_AUTH = env.header_of_token("BEACON_PROFILE_AUTH", "Authorization: Bearer {token}")
# As the service is called beside what it said; empty: its host.
BEACON_PROFILE_NAME = env.text("BEACON_PROFILE_NAME")
# Where its answers have our fields: a preset's name, or a YAML or JSON file.
BEACON_PROFILE_MAPPING = env.text("BEACON_PROFILE_MAPPING")
# Companies a day (UTC).
BEACON_PROFILE_BUDGET = env.integer("BEACON_PROFILE_BUDGET", 200)
# After so many days a company is asked for again.
BEACON_PROFILE_DAYS = env.integer("BEACON_PROFILE_DAYS", 90, least=1, most=3_650)

# --- checking an installation -----------------------------------------------------------------------------------------
# Chromium's program. Empty: the first one on PATH; without any, pages are only fetched.
BEACON_CHROMIUM = env.text("BEACON_CHROMIUM")
# Whether a check may open pages at private addresses: whoever sets up sites could look around in your network.
BEACON_CHECK_PRIVATE_ADDRESSES = env.flag("BEACON_CHECK_PRIVATE_ADDRESSES")

# --- watching it ------------------------------------------------------------------------------------------------------
# GET /metrics is for who shows the token, and for these networks' own calls (not those that a proxy passed on).
BEACON_METRICS_TOKEN = env.text("BEACON_METRICS_TOKEN")
BEACON_METRICS_NETWORKS = env.networks("BEACON_METRICS_NETWORKS")
if not BEACON_METRICS_NETWORKS and not BEACON_METRICS_TOKEN:
    BEACON_METRICS_NETWORKS = env.LOOPBACK_NETWORKS
# The oldest event may wait so many seconds for the writer before /ready turns red.
READY_MAX_LAG = env.integer("BEACON_READY_MAX_LAG", 60, least=1)
# For people, a line; for machines, a JSON object a line.
BEACON_LOG_FORMAT = env.choice("BEACON_LOG_FORMAT", "line", ("line", "json"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "apps.core.logs.Line"}, "json": {"()": "apps.core.logs.Json"}},
    "filters": {
        "without_tokens": {"()": "apps.agencies.logs.WithoutTokens"},
        "with_request_id": {"()": "apps.core.logs.WithRequestId"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": BEACON_LOG_FORMAT, "filters": ["with_request_id"]}
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Servers bring handlers of their own: theirs shall be ours, and one format.
        "uvicorn": {"handlers": [], "level": "WARNING", "propagate": True},
        # A line for each task that went well is what the metrics are for.
        "celery": {"level": "WARNING"},
        # Access lines hold visitors' addresses, which may stand in no log.
        "django.channels.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # They write down the path of what was asked, and some paths are keys.
        "django.request": {"filters": ["without_tokens"]},
        "django.security.csrf": {"filters": ["without_tokens"]},
    },
}
