"""Consent banners that are told by what they leave on a page: a global, a script's address, the way a tag is held.

Names and globals as the makers' own documentation gives them to developers; a new one is a line here.
"""

# Global variable -> tool. Asked of the page, so plain names only.
GLOBALS = {
    "OneTrust": "OneTrust",
    "Cookiebot": "Cookiebot",
    "UC_UI": "Usercentrics",
    "Didomi": "Didomi",
    "klaro": "Klaro",
    "tarteaucitron": "tarteaucitron",
    "BorlabsCookie": "Borlabs Cookie",
    "cmplz_has_consent": "Complianz",
    "CookieYes": "CookieYes",
    "_iub": "iubenda",
    "Osano": "Osano",
    "CookieConsent": "CookieConsent",
    "cookieconsent": "Cookie Consent",
    "__tcfapi": "a TCF banner",
}
# Part of a script's address -> tool.
SCRIPTS = {
    "cdn.cookielaw.org": "OneTrust",
    "consent.cookiebot.com": "Cookiebot",
    "usercentrics.eu": "Usercentrics",
    "sdk.privacy-center.org": "Didomi",
    "klaro.js": "Klaro",
    "tarteaucitron": "tarteaucitron",
    "borlabs-cookie": "Borlabs Cookie",
    "complianz": "Complianz",
    "cdn-cookieyes.com": "CookieYes",
    "cdn.iubenda.com": "iubenda",
    "cmp.osano.com": "Osano",
    "cookieconsent": "Cookie Consent",
    "quantcast.mgr.consensu.org": "Quantcast Choice",
    "consentmanager.net": "consentmanager",
}
# Attribute by which a tool holds a script back -> tool ("" where several use it).
HOLDERS = {
    "data-cookieconsent": "Cookiebot",
    "data-usercentrics": "Usercentrics",
    "data-borlabs-script-blocker-id": "Borlabs Cookie",
    "data-cmplz-src": "Complianz",
    "data-cookieyes": "CookieYes",
    "data-category": "CookieConsent",
    "data-cookiecategory": "CookieConsent",
    "data-name": "Klaro",
    "data-vendor": "Didomi",
}
HOLDING_CLASSES = {"optanon-category": "OneTrust", "_iub_cs_activate": "iubenda"}
# Attributes in which a held script keeps its address.
HELD_SRC = ("src", "data-src", "data-cmplz-src", "data-suppressedsrc", "suppressedsrc")
# A script of one of these types runs; anything else is data to a browser, and `text/plain` the usual way to hold one.
RUNNING_TYPES = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript",
                           "application/ecmascript", "application/x-javascript", "text/jscript"})  # fmt: skip
