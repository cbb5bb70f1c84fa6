# Complaints and ideas of staff.

complaint-about = Which organisation is it about?
complaint-about-hint = The one above settles it; the organisation itself neither reads nor closes it. Where none stands above, it answers, and only you can close it.
