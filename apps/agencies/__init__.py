"""Who exists and who may: agencies, their hosts, users, memberships, and all else that lies in the public schema."""
