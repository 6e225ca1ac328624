"""Does the tag work on the client's page, and if not, what stands in the way? And: which site has gone silent?"""
