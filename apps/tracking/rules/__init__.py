"""Rules by which a site's visits are set aside, on what is stored: previewed, applied, undone exactly.

A rule is a condition on a whole visit as it stands, nothing else: a visit is set aside where it meets a rule that is in
force and reaches it, and counted where it doesn't. So which visits a rule has doesn't depend on when one looked or in
which order events came, and undoing it leaves what would stand there had it never been. `judging` says what a visit's
flag should be, `apps.tracking.setting_aside` puts it on, `work` goes through what is stored.
"""
