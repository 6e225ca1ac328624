"""What a company is: industry, size, seat, technologies; by a provider elsewhere or by hand, each with its source.

`reading` makes fields of what others write, `mapping` finds them in an answer, `providers` ask, `lookups` says who is
asked for when, `writing` what stands in the end, `panel` how it is shown, `editing` how it is set by hand.
"""
