"""A signed webhook by the Standard Webhooks specification: for a CRM, n8n, Zapier or one's own server."""
