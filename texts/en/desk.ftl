# The desk: what stands on its left, and the ways in for each role
queue-soonest-first = most urgent first
queue-newest-first = newest first
doors-answers = Answering residents
doors-work = Planning and pressing
doors-figures = Forms and figures
nav-audit = Who read how much
report-title-contact-clerk = How can they be reached?
report-community-unknown-clerk = Not yet clear which community
alike-here = { $n ->
    [one] Perhaps the same as another matter
   *[other] Perhaps the same as { $n } other matters
}
calls-elsewhere = Only the community sees the number, and makes the call.
own-work = You settled this yourself: a colleague checks it.
