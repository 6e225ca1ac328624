"""What an agency decides of how companies are told: which kinds of organisation are companies, and its own links.

kinds.py and links.py hold the rules and what they change, forms.py what people write, views.py the pages.
"""
