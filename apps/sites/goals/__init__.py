"""A site's goals: what they ask of what a visitor does, as it is written, kept and changed.

`patterns` reads addresses as people write them, `conditions` what is asked of an event's properties, `rules` is a goal
as those judge by it who store events (apps.tracking.goals). Pure but for `services`.
"""
