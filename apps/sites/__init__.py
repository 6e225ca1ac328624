"""An agency's clients and their sites, and the tag that goes onto them."""
