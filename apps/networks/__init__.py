"""What an address is: place, network, organisation, kind. Local databases and their refresh; no tables."""
