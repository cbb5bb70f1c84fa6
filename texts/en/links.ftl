# Recurrence: the same thing again
again-title = The same thing, before and after
again-before = Reported before; said to be solved on { $when }
again-after = Reported again on { $when }
again-by-rule = linked by rule
again-undo = Not the same thing: take the link back
again-undo-why = Why not (optional)
again-undo-do = Take the link back
again-maybe = Has it come back?
again-maybe-hint = These were said to be solved, and place and matter look alike. A link leaves both cases as they are; the earlier one no longer counts as solved.
again-which = Which one came back
again-do = Link them
again-spot-asset = the same asset
again-spot-building = the same building
again-spot-near = { $n } m away
again-days = { $n ->
    [0] on the day it was closed
    [one] { $n } day after it was closed
   *[other] { $n } days after it was closed
}
event-link = The same thing as a case that was closed before
event-unlink = Not the same as the earlier case: link taken back
event-recurred = The same thing was reported again after it was closed
event-unrecurred = The later case was something else: link taken back
event-recount = Reopened: no longer counted as come back
notice-work-recurred = { $number } was said to be solved and has been reported again. Please have a look.
measure-recurred = Came back after it was solved
kpi-recurrence = Recurrence

# What a class asks besides, and what others settle
ask-title = A word more
ask-lead = Write what you know; skip what you do not.
ask-number = Just a number, such as 3.
elsewhere-title = Before you go on
elsewhere-call = Call { $n }
elsewhere-still = To leave a record here, just go on: we take it all the same and answer you.
elsewhere-sent = We have it. One thing more:

# Answers to choose from
reply-choose = Answer
reply-own = In my own words
reply-hint = Choose one and change it if you like; unchanged it is the answer. What you write yourself always wins.
reply-read = Read them all

# A new calendar
due-provisional = {" "}(provisional until next year’s calendar is published)
event-recalendar = The working calendar changed; the time limit was counted again
