"""Goals at work: which events have met one (`storing`), which of those count (`selectors`), and a goal's way through
what was stored before it (`candidates`, `preview`, `services`, `work`). What a goal asks is apps.sites.goals'.
"""
