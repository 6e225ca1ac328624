"""The rules' pages: of a site under `/s/<site>/scoring`, the agency's under `/settings/scoring`."""
