"""The rules that hold where an agency or a site has said nothing. Pure.

Points: product description, "Scores". Caps let a page that is read again count about twice, a goal too; what is said of
all visits (third visit, several visitors) counts once. Patterns know the words of eight languages; a star before the
slash lets them stand below a language's folder.
"""

from .rules import Match, Rule, RuleKind, Scoring

# What came by one of these was paid for; "Video" and "Audio" may be both.
PAID_CHANNELS = ("Paid Search", "Paid Social", "Paid Shopping", "Paid Other", "Display", "Cross-network")


def _folders(*words: str) -> tuple[str, ...]:
    return tuple(f"*/{word}*" for word in words)


_PRICING = _folders(
    "pricing",
    "prices",
    "plans",
    "preise",
    "tarif",
    "precios",
    "prix",
    "prezzi",
    "precos",
    "prijzen",
    "cennik",
    "priser",
)
_DEMO = _folders(
    "demo", "book-a-demo", "request-a-demo", "contact", "kontakt", "get-in-touch", "talk-to-sales", "contato",
    "contatti", "nous-contacter", "angebot", "request-quote", "devis", "presupuesto", "preventivo", "offerte",
)  # fmt: skip
_DOCS = (
    *_folders("docs", "documentation", "dokumentation", "documentacion", "documentazione", "developers", "integration",
              "integracion", "integrazion", "integracj", "integraties", "api-reference"),
    "docs.*/*",
    "developers.*/*",
    "developer.*/*",
)  # fmt: skip
_CASES = _folders(
    "case-stud", "customer-stor", "success-stor", "customers", "casestud", "fallstudie", "referenzen", "kundenstimmen",
    "erfolgsgeschichten", "etudes-de-cas", "cas-client", "casos-de-", "casi-studio", "klantverhalen", "referencje",
)  # fmt: skip
_CAREERS = (
    *_folders("career", "jobs", "karriere", "stellenangebote", "stellen", "vacatures", "vacanc", "werken-bij",
              "carriere", "recrutement", "emplois", "empleo", "trabaja-con-nosotros", "lavora-con-noi", "carreiras",
              "trabalhe-conosco", "kariera", "praca", "join-us"),
    "careers.*/*",
    "jobs.*/*",
    "karriere.*/*",
)  # fmt: skip

DEFAULT_SCORING = Scoring(
    rules=(
        Rule("pricing", "Pricing page", RuleKind.PAGE, 25, 50, Match(pages=_PRICING)),
        Rule("demo", "Demo or contact page", RuleKind.PAGE, 30, 60, Match(pages=_DEMO)),
        Rule("goal", "Goal reached", RuleKind.GOAL, 40, 80),
        # Events of the tag's extras "forms" and "clicks" (docs/tracker-extras.md).
        Rule("form", "Form started", RuleKind.EVENT, 15, 30, Match(event="form_start")),
        Rule("download", "File downloaded", RuleKind.EVENT, 15, 30, Match(event="download")),
        Rule("docs", "Documentation or integration page", RuleKind.PAGE, 10, 30, Match(pages=_DOCS)),
        Rule("case", "Case study", RuleKind.PAGE, 10, 30, Match(pages=_CASES)),
        Rule("third_visit", "Third visit within a week", RuleKind.FREQUENCY, 15, 15, Match(count=3, days=7)),
        Rule("visitors", "Several visitors", RuleKind.VISITORS, 20, 20, Match(count=2, days=7)),
        Rule("paid", "Came by a paid campaign", RuleKind.SOURCE, 5, 10, Match(channels=PAID_CHANNELS)),
        Rule("careers", "Only careers pages", RuleKind.ONLY_PAGES, -30, -30, Match(pages=_CAREERS)),
    )
)
