"""How interested a company is, and why."""
