"""`manage.py recompute_scores`: make all scores anew from events and rules, here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from apps.core import formats
from apps.scoring.models import ScoreRun
from apps.scoring.runs import run_ask, run_slice
from apps.tracking.management.choosing import add_arguments, chosen_sites


class Command(BaseCommand):
    help = "Make all scores anew. Nothing has to stand still for it; one that was stopped, the workers finish."

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sites = scores = 0
        for agency, site in chosen_sites(options):
            run_ask(site_id=site.id)
            with tqdm(unit=" companies", desc=f"{agency.slug}/{site.slug}"[-30:], disable=None) as bar:
                while run_slice(site.id):
                    run = ScoreRun.objects.get(site_id=site.id)
                    bar.total = run.companies
                    bar.update(run.done - bar.n)
            sites, scores = sites + 1, scores + ScoreRun.objects.get(site_id=site.id).done
        self.stdout.write(f"{formats.number(scores)} scores of {formats.number(sites)} sites are made anew.")
