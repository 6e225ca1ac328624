"""A receiver of signed webhooks, as strict as Standard Webhooks asks one to be."""
