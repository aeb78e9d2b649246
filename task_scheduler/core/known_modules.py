"""Which package provides a module: what to write when an import finds nothing.

Curated by hand: a wrong row would make a person install a stranger's package, so a module that is not known here
is never guessed from its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

#: Module -> the packages that provide it under another name, the one to recommend first.
DIFFERING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "absl": ("absl-py",),
        "attr": ("attrs",),
        "Bio": ("biopython",),
        "box": ("python-box",),
        "bs4": ("beautifulsoup4",),
        "bson": ("pymongo",),
        "cairo": ("pycairo",),
        "consul": ("python-consul",),
        "cpuinfo": ("py-cpuinfo",),
        "crontab": (
            "python-crontab",
            "crontab",
        ),
        "Crypto": ("pycryptodome",),
        "Cryptodome": ("pycryptodomex",),
        "cv2": (
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        ),
        "dateutil": ("python-dateutil",),
        "decouple": ("python-decouple",),
        "discord": (
            "discord.py",
            "py-cord",
        ),
        "dns": ("dnspython",),
        "docx": ("python-docx",),
        "dotenv": ("python-dotenv",),
        "elftools": ("pyelftools",),
        "engineio": ("python-engineio",),
        "ffmpeg": ("ffmpeg-python",),
        "fitz": ("PyMuPDF",),
        "frontmatter": ("python-frontmatter",),
        "gi": ("PyGObject",),
        "git": ("GitPython",),
        "github": ("PyGithub",),
        "github3": ("github3.py",),
        "gitlab": ("python-gitlab",),
        "gnupg": ("python-gnupg",),
        "google.api_core": ("google-api-core",),
        "google.auth": ("google-auth",),
        "google.cloud.pubsub": ("google-cloud-pubsub",),
        "google.cloud.pubsub_v1": ("google-cloud-pubsub",),
        "google.cloud.secretmanager": ("google-cloud-secret-manager",),
        "google.oauth2": ("google-auth",),
        "google.protobuf": ("protobuf",),
        "googleapiclient": ("google-api-python-client",),
        "grpc": ("grpcio",),
        "grpc_tools": ("grpcio-tools",),
        "hcl2": ("python-hcl2",),
        "imblearn": ("imbalanced-learn",),
        "IPython": ("ipython",),
        "jnius": ("pyjnius",),
        "jose": ("python-jose",),
        "kafka": (
            "kafka-python",
            "kafka-python-ng",
        ),
        "keycloak": ("python-keycloak",),
        "ldap": ("python-ldap",),
        "Levenshtein": (
            "Levenshtein",
            "python-Levenshtein",
        ),
        "magic": ("python-magic",),
        "mpl_toolkits": ("matplotlib",),
        "multipart": (
            "python-multipart",
            "multipart",
        ),
        "mysql.connector": ("mysql-connector-python",),
        "MySQLdb": ("mysqlclient",),
        "nacl": ("PyNaCl",),
        "nmap": ("python-nmap",),
        "objc": ("pyobjc-core",),
        "office365": ("Office365-REST-Python-Client",),
        "OpenSSL": ("pyOpenSSL",),
        "osgeo": ("GDAL",),
        "paho": ("paho-mqtt",),
        "pdfminer": ("pdfminer.six",),
        "PIL": ("pillow",),
        "pkg_resources": ("setuptools",),
        "playhouse": ("peewee",),
        "pptx": ("python-pptx",),
        "psycopg2": (
            "psycopg2-binary",
            "psycopg2",
        ),
        "pwn": ("pwntools",),
        "pylab": ("matplotlib",),
        "pynvml": ("nvidia-ml-py",),
        "pythoncom": ("pywin32",),
        "pywintypes": ("pywin32",),
        "rapidjson": ("python-rapidjson",),
        "rest_framework": ("djangorestframework",),
        "RPi.GPIO": (
            "RPi.GPIO",
            "rpi-lgpio",
        ),
        "ruamel": ("ruamel.yaml",),
        "serial": ("pyserial",),
        "shapefile": ("pyshp",),
        "skimage": ("scikit-image",),
        "sklearn": ("scikit-learn",),
        "slugify": ("python-slugify",),
        "snappy": ("python-snappy",),
        "snowflake.connector": ("snowflake-connector-python",),
        "socketio": ("python-socketio",),
        "socks": ("PySocks",),
        "speech_recognition": ("SpeechRecognition",),
        "stdnum": ("python-stdnum",),
        "telebot": ("pyTelegramBotAPI",),
        "telegram": ("python-telegram-bot",),
        "tlslite": ("tlslite-ng",),
        "umap": ("umap-learn",),
        "usb": ("pyusb",),
        "vlc": ("python-vlc",),
        "websocket": ("websocket-client",),
        "whois": ("python-whois",),
        "win32api": ("pywin32",),
        "win32com": ("pywin32",),
        "win32con": ("pywin32",),
        "win32gui": ("pywin32",),
        "wx": ("wxPython",),
        "xdg": (
            "pyxdg",
            "xdg",
        ),
        "Xlib": ("python-xlib",),
        "yaml": ("PyYAML",),
        "zmq": ("pyzmq",),
    }
)

#: Packages whose module has their name, with `_` or `.` for `-`.
_ALIKE = """
    aiofiles aiohttp alembic altair APScheduler arrow asyncpg attrs azure-identity azure-storage-blob
    bcrypt boto3 botocore certifi chardet charset-normalizer click clickhouse-connect clickhouse-driver colorama
    confluent-kafka croniter cryptography dask dateparser django docker duckdb elasticsearch fabric fastapi
    feedgen feedparser filelock flask Flask-Cors Flask-Login Flask-SQLAlchemy fuzzywuzzy geopandas geopy
    google-auth-oauthlib google-cloud-bigquery google-cloud-firestore google-cloud-logging google-cloud-storage
    google-cloud-translate google-cloud-vision gspread httpx humanize icalendar imageio influxdb-client jinja2
    joblib jsonpath-ng jsonschema keyring ldap3 loguru lxml mako Markdown markupsafe matplotlib minio mutagen
    networkx nltk numpy oauthlib openpyxl orjson packaging pandas paramiko peewee pexpect pikepdf
    playwright plotly polars prometheus-client psutil psycopg pyarrow pydantic pydantic-settings pygments pymongo
    PyMySQL pyodbc pyotp pypdf pypdf2 pyperclip pytz qrcode redis regex reportlab requests requests-cache
    requests-oauthlib rich Rtree schedule scipy scrapy seaborn selenium sentry-sdk setuptools shapely simplejson
    six slack-bolt slack-sdk smbus2 sqlalchemy sqlmodel starlette statsmodels streamlit stripe sympy tabulate
    Telethon tenacity tesserocr toml tomli tornado tqdm transformers twilio typer typing-extensions
    tzlocal ujson Unidecode urllib3 uvicorn watchdog weasyprint websockets Werkzeug xlrd xlsxwriter xlwt xmltodict
    yfinance youtube-dl yt-dlp zstandard
"""
ALIKE = frozenset(_ALIKE.split())

#: Modules that several packages fill: what provides one part of them says nothing of another.
_SHARED = frozenset({"azure", "backports", "google", "google.cloud", "jaraco", "opentelemetry", "ruamel", "zope"})

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"[-_.]+")


def package_for(module: str) -> str | None:
    """Return the package to add to `dependencies` for a dotted module; None: it is not known."""
    return next(iter(packages_for(module)), None)


def packages_for(module: str) -> tuple[str, ...]:
    """Return the packages known to provide a dotted module, the one to recommend first."""
    for name in _beginnings(module):
        if name in DIFFERING:
            return DIFFERING[name]
        if alike := _MODULES.get(_normalised(name)):
            return (alike,)
    return ()


def package_of(requirement: str) -> str:
    """Return the normalised name of the package that a requirement asks for: `my-package` of `My_Package[x]>=2`."""
    found = _NAME.match(requirement.strip())
    return _normalised(found[0]) if found else ""


def seems_provided(module: str, packages: Collection[str]) -> bool:
    """Whether one of these packages, by normalised name, seems to provide a dotted module, as far as names tell."""
    if any(_normalised(package) in packages for package in packages_for(module)):
        return True
    if module in _SHARED:
        return any(package.startswith(f"{_normalised(module)}-") for package in packages)
    return any(_is_named_after(package, module) for package in packages)


def _is_named_after(package: str, module: str) -> bool:
    """Whether a package bears the name of a module or of one it is in, spelled in one of the usual ways."""
    plain = package.removeprefix("python-").removesuffix("-python").removesuffix("-py")
    names = {_normalised(name) for name in _beginnings(module) if name not in _SHARED}
    return bool(names & {package, plain, package.removeprefix("py"), package.replace("-", "")}) or any(
        name.replace("-", "") == package.replace("-", "") for name in names
    )


def _beginnings(module: str) -> Iterator[str]:
    """Yield `a.b.c`, `a.b` and `a`."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        yield ".".join(parts[:count])


def _normalised(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


_MODULES: Mapping[str, str] = MappingProxyType({_normalised(name): name for name in ALIKE})
