# ruff: noqa: E501  (a user agent is one line)
"""The simulated world: sites with their pages, and where visits come from. Invented, but for the browsers' names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    title: str
    topic: str  # home, product, pricing, docs, case, blog, careers, contact, legal
    read_seconds: int  # median engaged time of somebody who reads it


@dataclass(frozen=True, slots=True)
class World:
    """A site to browse. `visits_a_day` are people's on a usual weekday."""

    name: str
    host: str
    client: str
    time_zone: str
    visits_a_day: int
    pages: tuple[Page, ...]
    campaigns: tuple[str, ...]

    def topic(self, topic: str) -> tuple[Page, ...]:
        return tuple(page for page in self.pages if page.topic == topic)


KESTREL = World(
    name="Kestrel Instruments",
    host="kestrel.example",
    client="Kestrel Instruments",
    time_zone="Europe/Berlin",
    visits_a_day=820,
    campaigns=("autumn-catalogue", "torque-dach", "cold-storage-webinar"),
    pages=(
        Page("/", "Kestrel Instruments: sensors that keep their word", "home", 22),
        Page("/products", "All sensors", "product", 28),
        Page("/products/tl-400", "TL-400 torque sensor", "product", 55),
        Page("/products/tl-200", "TL-200 compact torque sensor", "product", 48),
        Page("/products/fx-90", "FX-90 force transducer", "product", 44),
        Page("/products/compare", "Compare sensors", "product", 62),
        Page("/pricing", "Prices and delivery times", "pricing", 58),
        Page("/case-studies", "Case studies", "case", 24),
        Page("/case-studies/foundry", "How a foundry halved its scrap", "case", 90),
        Page("/case-studies/wind-farm", "Torque on a wind farm, 14 months on", "case", 84),
        Page("/docs", "Documentation", "docs", 26),
        Page("/docs/integration", "Integration guide", "docs", 120),
        Page("/docs/calibration", "Calibration, step by step", "docs", 130),
        Page("/blog", "Notes from the lab", "blog", 25),
        Page("/blog/how-torque-sensors-drift-in-cold-storage", "How torque sensors drift in cold storage", "blog", 110),
        Page("/blog/what-a-calibration-certificate-says", "What a calibration certificate says", "blog", 95),
        Page("/blog/five-mistakes-with-load-cells", "Five mistakes with load cells", "blog", 88),
        Page("/careers", "Work with us", "careers", 40),
        Page("/careers/firmware-engineer", "Firmware engineer", "careers", 70),
        Page("/contact/demo", "Ask for a demonstration", "contact", 45),
        Page("/contact", "Contact", "contact", 24),
        Page("/imprint", "Imprint", "legal", 12),
    ),
)

BRINDLEWICK = World(
    name="Brindlewick Software",
    host="brindlewick.example",
    client="Brindlewick Software",
    time_zone="Europe/London",
    visits_a_day=240,
    campaigns=("spring-launch", "retargeting-trial"),
    pages=(
        Page("/", "Brindlewick: rota planning without tears", "home", 24),
        Page("/features", "Features", "product", 46),
        Page("/features/shift-swaps", "Shift swaps", "product", 50),
        Page("/pricing", "Pricing", "pricing", 52),
        Page("/customers/harbour-hospital", "Harbour Hospital plans 900 shifts a week", "case", 80),
        Page("/docs/api", "API reference", "docs", 140),
        Page("/docs/getting-started", "Getting started", "docs", 75),
        Page("/blog/rotas-people-keep", "Rotas that people keep", "blog", 90),
        Page("/jobs", "Jobs", "careers", 38),
        Page("/demo", "Book a demo", "contact", 42),
    ),
)

SALTGROVE = World(
    name="Saltgrove Foods",
    host="saltgrove.example",
    client="Saltgrove Foods",
    time_zone="Europe/Amsterdam",
    visits_a_day=220,
    campaigns=(),
    pages=(
        Page("/", "Saltgrove Foods", "home", 20),
        Page("/shop/samphire", "Samphire, fresh", "product", 40),
        Page("/shop/sea-salt", "Sea salt, smoked", "product", 38),
        Page("/recipes/", "Recipes", "blog", 30),
        Page("/recipes/samphire-risotto", "Samphire risotto", "blog", 95),
        Page("/recipes/cured-trout", "Cured trout", "blog", 85),
        Page("/wholesale", "For restaurants", "pricing", 55),
        Page("/contact", "Contact", "contact", 25),
    ),
)

# A site whose tag isn't in yet: what an agency sees on the first day.
QUILLMARK = World(
    name="Quillmark Logistics",
    host="quillmark.example",
    client="Quillmark Logistics",
    time_zone="Europe/Vienna",
    visits_a_day=0,
    pages=(),
    campaigns=(),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One way in: the referrer a browser would send and the parameters the link carries; `{campaign}` is filled in."""

    name: str
    weight: int
    referrer: str = ""
    query: str = ""


ARRIVALS = (
    Arrival("direct", 24),
    Arrival("google", 30, "https://www.google.com/"),
    Arrival("bing", 5, "https://www.bing.com/"),
    Arrival("duckduckgo", 3, "https://duckduckgo.com/"),
    Arrival(
        "google ads",
        11,
        "https://www.google.com/",
        "utm_source=google&utm_medium=cpc&utm_campaign={campaign}&gclid={click}",
    ),
    Arrival("linkedin", 5, "https://www.linkedin.com/"),
    Arrival(
        "linkedin ads",
        3,
        "https://www.linkedin.com/",
        "utm_source=linkedin&utm_medium=paid-social&utm_campaign={campaign}&li_fat_id={click}",
    ),
    Arrival("newsletter", 6, "", "utm_source=newsletter&utm_medium=email&utm_campaign={campaign}"),
    Arrival("chatgpt", 3, "https://chatgpt.com/"),
    Arrival("perplexity", 2, "https://www.perplexity.ai/"),
    Arrival("trade paper", 4, "https://www.sensor-weekly.example/reviews/torque"),
    Arrival("youtube", 2, "https://www.youtube.com/"),
    Arrival("reddit", 2, "https://www.reddit.com/"),
)

# How often visits come from where: country and its browsers' languages, usual time zone.
COUNTRIES: dict[str, tuple[int, str, str]] = {
    "DE": (34, "de-DE", "Europe/Berlin"),
    "US": (15, "en-US", "America/Chicago"),
    "NL": (9, "nl-NL", "Europe/Amsterdam"),
    "GB": (9, "en-GB", "Europe/London"),
    "AT": (7, "de-AT", "Europe/Vienna"),
    "CH": (5, "de-CH", "Europe/Zurich"),
    "FR": (5, "fr-FR", "Europe/Paris"),
    "SE": (3, "sv-SE", "Europe/Stockholm"),
    "PL": (3, "pl-PL", "Europe/Warsaw"),
    "IN": (3, "en-IN", "Asia/Kolkata"),
    "JP": (2, "ja-JP", "Asia/Tokyo"),
    "BR": (2, "pt-BR", "America/Sao_Paulo"),
    "AU": (2, "en-AU", "Australia/Sydney"),
}

# (weight, user agent, screen, device pixel ratio, has touch)
BROWSERS: tuple[tuple[int, str, tuple[int, int], float, bool], ...] = (
    (
        30,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
        (1920, 1080),
        1.0,
        False,
    ),
    (
        9,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36 Edg/147.0.0.0",
        (1920, 1200),
        1.25,
        False,
    ),
    (9, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0", (2560, 1440), 1.0, False),
    (
        11,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36",
        (1512, 982),
        2.0,
        False,
    ),
    (
        8,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
        (1728, 1117),
        2.0,
        False,
    ),
    (
        15,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
        (393, 852),
        3.0,
        True,
    ),
    (
        12,
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Mobile Safari/537.36",
        (412, 915),
        2.625,
        True,
    ),
    (
        3,
        "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
        (820, 1180),
        2.0,
        True,
    ),
    (3, "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", (1920, 1080), 1.0, False),
)

BOTS = (
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/147.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/147.0.0.0 Safari/537.36",
)
