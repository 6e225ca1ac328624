"""Everything Beacon needs on one machine: the embedded servers and the runner of the Procfile.

Knows nothing of Django: what needs the application is a subprocess of manage.py. The way in is `python -m
config.local`.
"""
