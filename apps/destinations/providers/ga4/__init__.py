"""Google Analytics 4 by the Measurement Protocol: conversions added to what the site's own Google tag collects.

They go under the tag's own client id or not at all: one that Beacon made up would be a visitor who never came.
"""
