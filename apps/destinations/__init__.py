"""What leaves the house: which conversions go where (`routing`), each as a row before it is sent (`delivering`), in
each provider's own words (`providers`), and what became of it.
"""
