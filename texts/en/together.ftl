# Decide together: one page for all of it.

together-title = Decide together
together-now = Open now
together-all = All of it
together-consult = Talk it over
together-consult-hint = What concerns all is talked over, and what was decided is followed until it is done
together-votes = Votes
together-votes-hint = What owners and residents decide by ballot
together-opinions = Opinions
together-opinions-hint = Answer one statement after the other, and see what is shared
together-budgets = Budgets
together-budgets-hint = What a sum is spent on: you propose, you choose
together-neighbours = Neighbours
together-neighbours-hint = Talk, ask and thank
together-mediation = Mediation
together-mediation-hint = Somebody helps when neighbours fall out; it costs nothing
together-help = Neighbours help
together-help-hint = Ask for a hand or lend one; an hour given is an hour kept.
