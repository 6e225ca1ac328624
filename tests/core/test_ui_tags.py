from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory

from apps.core import clock


def render(source: str, address: str = "/s/kestrel/", cookies: dict[str, str] | None = None, **values: Any) -> str:
    request = RequestFactory().get(address)
    request.COOKIES.update(cookies or {})
    return Template(source).render(Context({"request": request, **values}))


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 20, 8, 41, 7, tzinfo=UTC))


@pytest.mark.parametrize(
    ("address", "tag", "url"),
    [
        ("/s/x/?country=DE&page=3", '{% url_with sort="-visits" %}', "?country=DE&sort=-visits"),
        ("/s/x/?country=DE&sort=name", "{% url_with country=None %}", "?sort=name"),
        ("/s/x/?country=DE", '{% url_with country="" %}', "?"),
        ("/s/x/?country=DE", "{% url_with page=2 %}", "?country=DE&page=2"),
        ("/s/x/?a=1", '{% url_with to="/s/x/pages" a=2 %}', "/s/x/pages?a=2"),
        ("/s/x/?f=a&f=b", '{% url_add f="c" %}', "?f=a&f=b&f=c"),
        ("/s/x/?f=a", '{% url_add f="a" %}', "?f=a"),
        ("/s/x/?f=a&f=b&page=2", '{% url_drop f="a" %}', "?f=b"),
        ("/s/x/?q=%22%3E%3Cscript%3E", "{% url_with page=2 %}", "?q=%22%3E%3Cscript%3E&page=2"),
    ],
)
def test_addresses_change_what_is_said_and_keep_the_rest(address: str, tag: str, url: str) -> None:
    assert render(f"{{% autoescape off %}}{tag}{{% endautoescape %}}", address) == url


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example", "\\\\evil.example"])
def test_an_address_never_leaves_the_host(path: str) -> None:
    assert render("{% url_with to=path %}", path=path).startswith("/evil")


def test_ampersands_of_addresses_are_escaped_in_html() -> None:
    assert render('<a href="{% url_with b=2 %}">', "/?a=1") == '<a href="?a=1&amp;b=2">'


def test_hidden_inputs_carry_the_address_along() -> None:
    html = render('{% hidden_query "q" %}', "/?q=x&country=DE&page=4&f=a&f=%22b")
    assert html.strip() == (
        '<input type="hidden" name="country" value="DE"><input type="hidden" name="f" value="a">'
        '<input type="hidden" name="f" value="&quot;b">'
    )


@pytest.mark.parametrize(
    ("address", "href", "sorted_as"),
    [
        ("/", "?sort=-visits", ""),
        ("/?sort=-visits", "?sort=visits", "descending"),
        ("/?sort=visits", "?sort=-visits", "ascending"),
        ("/?sort=name", "?sort=-visits", ""),
    ],
)
def test_a_column_of_figures_sorts_downwards_first(address: str, href: str, sorted_as: str) -> None:
    html = render('{% sort_header "Visits" "visits" numeric=True default="-last_seen" %}', address)
    assert f'href="{href}"' in html
    assert (f'aria-sort="{sorted_as}"' in html) if sorted_as else ("aria-sort" not in html)


def test_the_default_order_needs_no_parameter() -> None:
    html = render('{% sort_header "Last seen" "last_seen" numeric=True default="-last_seen" %}', "/?sort=last_seen")
    assert 'href="?"' in html


def test_times_say_the_exact_moment_on_hover() -> None:
    html = render('{{ at|local_time:"Europe/Berlin" }}', at=datetime(2026, 11, 20, 8, 0, 5, tzinfo=UTC))
    assert html == '<time datetime="2026-11-20T08:00:05+00:00" title="Fri 20 Nov 2026, 09:00:05 CET">09:00</time>'


def test_counting_times_name_their_component() -> None:
    at = datetime(2026, 11, 20, 8, 41, 7, tzinfo=UTC) - timedelta(seconds=250)
    assert 'data-component="ago">4 m ago</time>' in render("{{ at|ago }}", at=at)
    assert 'data-component="since">4m 10s</time>' in render("{{ at|since }}", at=at)
    assert render("{{ at|ago }}", at=None) == "never"


def test_icons_are_decoration_unless_they_have_a_name() -> None:
    assert 'aria-hidden="true"><use href="/static/dist/icons.svg#search"/>' in render('{% icon "search" %}')
    assert 'role="img" aria-label="&lt;b&gt;"' in render('{% icon "eye" label=label %}', label="<b>")


@pytest.mark.parametrize(("cookie", "scheme"), [("dark", "dark"), ("light", "light"), ('"><x', ""), ("", "")])
def test_only_known_themes_reach_the_page(cookie: str, scheme: str) -> None:
    assert render("{% theme %}", cookies={"theme": cookie}) == scheme


def test_a_delta_says_its_change_in_sign_and_word() -> None:
    html = render('{% delta 18033 15582 %}|{% delta 3 1 %}|{% delta 0.4 0.5 kind="ratio" better="down" %}')
    more, unknown, lower = html.split("|")
    assert 'data-tone="good"' in more and "+15.7% <span>more</span>" in more
    assert "not enough data" in unknown
    assert 'data-tone="good"' in lower and "−10.0 pt <span>lower</span>" in lower


def test_the_map_links_countries_and_names_them() -> None:
    html = render('{% world_map "World" values=values urls=urls %}', values={"DE": 5, "AT": 1}, urls={"DE": "?c=DE"})
    assert '<a href="?c=DE" aria-label="Germany: 5"' in html
    assert 'class="c m4" href="/static/dist/world.svg#DE"' in html
    assert 'class="c m2" href="/static/dist/world.svg#AT"' in html


class SignUp(forms.Form):
    email = forms.EmailField(label="E-mail", help_text="For work.")
    plan = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    agree = forms.BooleanField(required=False, label="I agree")


def test_a_field_ties_its_label_help_and_error_together() -> None:
    html = render("{% form_field form.email %}", form=SignUp({"email": "nobody"}))
    assert '<label for="id_email">E-mail' in html
    assert 'aria-describedby="id_email-help id_email-error"' in html
    assert 'aria-invalid="true"' in html and 'id="id_email-error"' in html
    assert 'class="input"' in html


def test_choices_are_a_group_with_a_legend() -> None:
    html = render("{% form_field form.plan %}{% form_field form.agree %}", form=SignUp())
    assert "<fieldset" in html and '<legend class="label">Plan</legend>' in html
    assert html.count('type="radio"') == 2
    assert '<label class="check-label"><input type="checkbox"' in html
