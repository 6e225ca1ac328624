"""Where a visit came from: source, medium, channel, campaign, referrer."""

import pytest

from apps.tracking.steps.acquisition import CLICK_IDS, Channel, acquire, is_spam_referrer, known_source

OWN = ["example.com", "www.example.net"]


@pytest.mark.parametrize(
    ("referrer", "source", "medium", "channel", "host"),
    [
        ("", "Direct", "", "Direct", ""),
        # search engines, on any country's host and no others of theirs
        ("https://www.google.com/", "Google", "organic", "Organic Search", "google.com"),
        ("https://www.google.co.uk/search?q=beacon", "Google", "organic", "Organic Search", "google.co.uk"),
        ("https://www.google.com.hk/", "Google", "organic", "Organic Search", "google.com.hk"),
        ("https://images.google.fr/imgres?u=x", "Google Images", "organic", "Organic Search", "images.google.fr"),
        ("https://duckduckgo.com/", "DuckDuckGo", "organic", "Organic Search", "duckduckgo.com"),
        ("https://fr.bing.com/search", "Bing", "organic", "Organic Search", "fr.bing.com"),
        ("https://de.search.yahoo.com/", "Yahoo!", "organic", "Organic Search", "de.search.yahoo.com"),
        ("https://yandex.kz/", "Yandex", "organic", "Organic Search", "yandex.kz"),
        ("https://www.ecosia.org/search?q=x", "Ecosia", "organic", "Organic Search", "ecosia.org"),
        (
            "android-app://com.google.android.googlequicksearchbox/",
            "Google",
            "organic",
            "Organic Search",
            "com.google.android.googlequicksearchbox",
        ),
        ("https://developers.google.com/x", "developers.google.com", "referral", "Referral", "developers.google.com"),
        ("https://google.example.org/", "google.example.org", "referral", "Referral", "google.example.org"),
        # socials, on their short and mobile hosts too
        ("https://www.linkedin.com/feed/", "LinkedIn", "referral", "Organic Social", "linkedin.com"),
        ("https://l.facebook.com/l.php?u=x", "Facebook", "referral", "Organic Social", "l.facebook.com"),
        ("https://t.co/abc", "X (Twitter)", "referral", "Organic Social", "t.co"),
        ("https://old.reddit.com/r/x", "Reddit", "referral", "Organic Social", "old.reddit.com"),
        ("android-app://com.linkedin.android/", "LinkedIn", "referral", "Organic Social", "com.linkedin.android"),
        # assistants, also where they share a host
        ("https://chatgpt.com/", "ChatGPT", "ai-assistant", "AI assistants", "chatgpt.com"),
        ("https://www.perplexity.ai/search/x", "Perplexity", "ai-assistant", "AI assistants", "perplexity.ai"),
        ("https://gemini.google.com/app", "Gemini", "ai-assistant", "AI assistants", "gemini.google.com"),
        ("https://x.com/i/grok?q=1", "Grok", "ai-assistant", "AI assistants", "x.com"),
        ("https://x.com/someone/status/1", "X (Twitter)", "referral", "Organic Social", "x.com"),
        # others
        ("https://www.youtube.com/watch?v=1", "YouTube", "referral", "Video", "youtube.com"),
        ("https://www.amazon.de/dp/1", "Amazon", "referral", "Organic Shopping", "amazon.de"),
        ("https://mail.google.com/mail/u/0", "Gmail", "email", "Email", "mail.google.com"),
        ("android-app://com.google.android.gm/", "Gmail", "email", "Email", "com.google.android.gm"),
        ("https://news.example.org/a", "news.example.org", "referral", "Referral", "news.example.org"),
        ("https://www.example.org/a", "example.org", "referral", "Referral", "example.org"),
        ("http://localhost:3000/", "localhost", "referral", "Referral", "localhost"),
        # the site itself is no referrer
        ("https://example.com/pricing", "Direct", "", "Direct", ""),
        ("https://www.example.com/pricing", "Direct", "", "Direct", ""),
        ("https://shop.example.com:8443/", "Direct", "", "Direct", ""),
        ("https://EXAMPLE.net/", "Direct", "", "Direct", ""),
        ("https://notexample.com/", "notexample.com", "referral", "Referral", "notexample.com"),
        # what can't be read
        ("not a url", "Direct", "", "Direct", ""),
        ("http://[::1", "Direct", "", "Direct", ""),
        ("file:///home/x.html", "Direct", "", "Direct", ""),
        ("javascript:alert(1)", "Direct", "", "Direct", ""),
        ("http://\x00\x07/", "Direct", "", "Direct", ""),
        ("https://a b.example/", "Direct", "", "Direct", ""),
        ("about:blank", "Direct", "", "Direct", ""),
    ],
)
def test_a_referrer_gives_source_medium_and_channel(
    referrer: str, source: str, medium: str, channel: str, host: str
) -> None:
    found = acquire("", referrer, OWN)
    assert (found.source, found.medium, found.channel.value, found.referrer_host) == (source, medium, channel, host)


@pytest.mark.parametrize(
    ("query", "source", "medium", "channel"),
    [
        # GA4's rules in its order
        ("utm_source=direct&utm_medium=(none)", "direct", "(none)", "Direct"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=summer-cross-network", "Google", "cpc", "Cross-network"),
        ("utm_source=amazon&utm_medium=cpc", "Amazon", "cpc", "Paid Shopping"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=shopping-uk", "Google", "cpc", "Paid Shopping"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=bishop", "Google", "cpc", "Paid Search"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=eshop", "Google", "cpc", "Paid Shopping"),
        ("utm_source=google&utm_medium=cpc", "Google", "cpc", "Paid Search"),
        ("utm_source=Bing&utm_medium=PPC", "Bing", "PPC", "Paid Search"),
        ("utm_source=linkedin&utm_medium=cpm", "LinkedIn", "cpm", "Paid Social"),
        ("utm_source=fb&utm_medium=paid_social", "Facebook", "paid_social", "Paid Social"),
        ("utm_source=facebook&utm_medium=retargeting", "Facebook", "retargeting", "Paid Social"),
        ("utm_source=youtube&utm_medium=cpv", "YouTube", "cpv", "Video"),
        ("utm_source=somewhere&utm_medium=banner", "somewhere", "banner", "Display"),
        ("utm_source=somewhere&utm_medium=cpm", "somewhere", "cpm", "Display"),
        ("utm_source=somewhere&utm_medium=cpc", "somewhere", "cpc", "Paid Other"),
        ("utm_source=ebay&utm_medium=feed", "eBay", "feed", "Organic Shopping"),
        ("utm_source=somewhere&utm_campaign=shop", "somewhere", "", "Organic Shopping"),
        ("utm_source=linkedin&utm_medium=post", "LinkedIn", "post", "Organic Social"),
        ("utm_source=somewhere&utm_medium=social-media", "somewhere", "social-media", "Organic Social"),
        ("utm_source=vimeo", "Vimeo", "", "Video"),
        ("utm_source=somewhere&utm_medium=my-video-ad", "somewhere", "my-video-ad", "Video"),
        ("utm_source=google&utm_medium=organic", "Google", "organic", "Organic Search"),
        ("utm_source=somewhere&utm_medium=organic", "somewhere", "organic", "Organic Search"),
        ("utm_source=newsletter&utm_medium=email", "newsletter", "email", "Email"),
        ("utm_source=e-mail", "e-mail", "", "Email"),
        ("utm_source=partner&utm_medium=affiliate", "partner", "affiliate", "Affiliates"),
        ("utm_source=partner&utm_medium=link", "partner", "link", "Referral"),
        ("utm_source=spotify&utm_medium=audio", "spotify", "audio", "Audio"),
        ("utm_source=sms", "sms", "", "SMS"),
        ("utm_source=app&utm_medium=web-push", "app", "web-push", "Push"),
        ("utm_source=firebase&utm_medium=x", "firebase", "x", "Push"),
        ("utm_source=app&utm_medium=notification-bar", "app", "notification-bar", "Push"),
        # and the one that isn't GA4's name
        ("utm_source=chatgpt.com", "ChatGPT", "", "AI assistants"),
        ("utm_source=claude&utm_medium=referral", "Claude", "referral", "AI assistants"),
        ("utm_source=perplexity&utm_medium=cpc", "Perplexity", "cpc", "Paid Other"),
        # a host as a source, a common word as a source
        ("utm_source=m.facebook.com&utm_medium=referral", "Facebook", "referral", "Organic Social"),
        ("utm_source=orange&utm_medium=referral", "orange", "referral", "Referral"),
        ("utm_source=free", "free", "", "Unassigned"),
        ("utm_source=somewhere", "somewhere", "", "Unassigned"),
        ("utm_medium=email", "Direct", "email", "Email"),
        ("utm_campaign=may", "Direct", "", "Unassigned"),
        # names in any case, values trimmed, the first of two
        ("UTM_Source=Newsletter&Utm_Medium=%20email%20", "Newsletter", "email", "Email"),
        ("utm_source=a&utm_source=b&utm_medium=email", "a", "email", "Email"),
        ("?utm_source=newsletter&utm_medium=email", "newsletter", "email", "Email"),
        # click ids
        ("gclid=abc", "Google", "cpc", "Paid Search"),
        ("wbraid=abc", "Google", "cpc", "Paid Search"),
        ("msclkid=abc", "Bing", "cpc", "Paid Search"),
        ("ttclid=abc", "TikTok", "cpc", "Paid Social"),
        ("li_fat_id=abc", "LinkedIn", "cpc", "Paid Social"),
        ("twclid=abc", "X (Twitter)", "cpc", "Paid Social"),
        ("fbclid=abc", "Facebook", "referral", "Organic Social"),
        ("utm_source=newsletter&gclid=abc", "newsletter", "cpc", "Paid Search"),
        ("utm_source=google&utm_medium=organic&gclid=abc", "Google", "organic", "Organic Search"),
        ("q=beacon&page=2", "Direct", "", "Direct"),
    ],
)
def test_campaign_parameters_give_source_medium_and_channel(query: str, source: str, medium: str, channel: str) -> None:
    found = acquire(query, "", OWN)
    assert (found.source, found.medium, found.channel.value) == (source, medium, channel)


@pytest.mark.parametrize(
    ("query", "referrer", "source", "medium", "channel"),
    [
        ("utm_source=newsletter&utm_medium=email", "https://mail.google.com/", "newsletter", "email", "Email"),
        ("utm_source=somewhere", "https://www.google.com/", "somewhere", "", "Referral"),
        ("utm_source=somewhere", "https://news.example.org/", "somewhere", "", "Referral"),
        ("utm_campaign=may", "https://www.google.com/", "Google", "organic", "Organic Search"),
        ("gclid=1", "https://www.google.com/", "Google", "cpc", "Paid Search"),
        ("gclid=1", "https://news.example.org/", "news.example.org", "cpc", "Paid Search"),
        ("gclid=1", "https://www.youtube.com/", "YouTube", "cpc", "Video"),
        ("gclid=1", "https://googleads.g.doubleclick.net/pagead", "Google Ads", "cpc", "Display"),
        ("fbclid=1", "https://www.instagram.com/", "Instagram", "referral", "Organic Social"),
        ("fbclid=1&utm_medium=cpc", "https://m.facebook.com/", "Facebook", "cpc", "Paid Social"),
    ],
)
def test_parameters_go_before_the_referrer(query: str, referrer: str, source: str, medium: str, channel: str) -> None:
    found = acquire(query, referrer, OWN)
    assert (found.source, found.medium, found.channel.value) == (source, medium, channel)


def test_it_keeps_every_part_of_a_campaign() -> None:
    found = acquire(
        "utm_source=s&utm_medium=m&utm_campaign=c&utm_term=t&utm_content=n&utm_id=7",
        "https://www.example.org/a?b=c#d",
        OWN,
    )
    assert (found.campaign, found.term, found.content, found.utm_id) == ("c", "t", "n", "7")
    assert found.referrer == "https://www.example.org/a"


def test_it_keeps_every_click_id() -> None:
    query = "&".join(f"{name}={name}-1" for name in CLICK_IDS)
    assert acquire(query, "", OWN).click_ids == {name: f"{name}-1" for name in CLICK_IDS}
    assert acquire("gclid=", "", OWN).click_ids == {}


def test_a_parsed_query_will_do() -> None:
    assert acquire({"utm_source": "y", "utm_medium": "email"}, "", OWN).channel is Channel.EMAIL


def test_a_referrer_keeps_neither_query_nor_password() -> None:
    assert (
        acquire("", "https://me:secret@www.Example.ORG:8080/a?token=1#x", OWN).referrer
        == "https://www.example.org:8080/a"
    )


def test_long_and_strange_values_are_cut_and_cleaned() -> None:
    found = acquire(
        {"utm_source": "a\x00b\n" + "c" * 999, "gclid": "g" * 9999}, "https://example.org/" + "a" * 9999, OWN
    )
    assert found.source.startswith("abccc") and len(found.source) == 255
    assert len(found.click_ids["gclid"]) == 512
    assert len(found.referrer) == 2048


def test_thousands_of_parameters_are_nobodys_campaign() -> None:
    assert acquire("&".join(f"p{n}={n}" for n in range(10_000)), "", OWN).channel is Channel.DIRECT


@pytest.mark.parametrize(
    ("host", "is_spam"),
    [
        ("semalt.com", True),
        ("semalt.semalt.com", True),
        ("SEMALT.com", True),
        ("notsemalt.com", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_it_knows_referrer_spammers(host: str, is_spam: bool) -> None:
    assert is_spam_referrer(host) is is_spam


def test_a_known_source_has_a_name_and_a_kind() -> None:
    found = known_source("www.linkedin.com")
    assert found is not None and (found.name, found.kind) == ("LinkedIn", "social")
    assert known_source("example.org") is None


@pytest.mark.parametrize(
    "channel",
    [
        "Direct",
        "Organic Search",
        "Paid Search",
        "Organic Social",
        "Paid Social",
        "Email",
        "Referral",
        "Display",
        "Affiliates",
        "Video",
        "Audio",
        "SMS",
        "Push",
        "Cross-network",
        "Organic Shopping",
        "Paid Shopping",
        "AI assistants",
    ],
)
def test_every_channel_of_the_product_is_there(channel: str) -> None:
    assert Channel(channel).value == channel
