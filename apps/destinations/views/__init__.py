"""A site's destinations under `/s/<site>/destinations`: one module for each thing people do there."""
