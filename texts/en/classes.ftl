# Working time and the catalogue of matters
calendar-title = Working calendar
calendar-intro = Limits in working hours and working days follow this calendar and these office hours. A change holds for limits that begin afterwards.
calendar-ends-soon = The calendar does not know { $year } yet. When the State Council has published the holidays, upload a new one; until then limits that reach into it count natural time.
calendar-name = Calendar
calendar-years = Years
calendar-hours = Office hours
calendar-hours-hint = Write them like 09:00-12:00,14:00-18:00
calendar-rounding = Working days end
rounding-same-time = at the same time of the last day
rounding-day-end = when the office closes on the last day
calendar-change-hours = Change office hours
calendar-upload = Put another calendar in force
calendar-file = Calendar (CSV)
calendar-file-hint = The first two lines give name and years, then one day a line: off for a holiday, work for a make-up day. Ordinary days and weekends are left out.
calendar-days = Holidays and make-up days
calendar-day = Day
calendar-why = Holiday
calendar-off = off
calendar-work = make-up work

problem-table-missing = This sheet is missing
problem-column-missing = This column is missing
problem-column-unknown = This column is not known; remove it or put its heading back
problem-too-many-rows = There are too many rows
problem-missing = This cell is empty
problem-too-long = This cell is too long
problem-bad-code = A code has small letters, digits and dashes only
problem-twice = This is there twice
problem-unknown = This value is not known; see the sheet 说明
problem-bad-limit = A limit is a number and a unit, like 5wh, 2wd, 24uh, 7d
problem-bad-number = A whole number within bounds is needed
problem-needs-reason = Whoever asks for photos says why
problem-needs-answer = A class that is out of scope needs an answer that says where to go
problem-needs-other = There must be a class other that is taken up and is a plain choice
problem-needs-complaint = There must be a class complaint that is taken up and is a plain choice
problem-formula = This cell holds a formula or an error; put text or a number there
sheet-edit = Save as .xlsx and upload it on the same page. Leave the first row as it is; rows may be added, removed and moved.
sheet-code = Never give a code that was used to something else: old cases are read by it. Simply delete the row of a class that is no longer needed.
sheet-limit = Limits: wh working hours (office hours only), wd working days, uh hours round the clock, d days. For example 5wh, 2wd, 24uh, 7d.
sheet-units = Responsible units: the identifiers below, several with commas between, the most usual first.
sheet-photos = Photos: the law forbids asking staff for needless ones. A class that needs photos says why.
sheet-scope = Classes out of scope: say where to go and whom to call; whoever reports such a thing reads it at once.
sheet-values = Values: one to a line, written code=中文|English, for example yes=是|Yes.
sheet-wrong = When something is wrong, the workbook that comes back has a first column “请改这里”. Mend the rows and upload it again; the column may stay.
classes-title = Who settles what, and how fast
classes-intro = What the community takes up. Each class says when it is taken up, how long it takes and when it is done.
classes-search = Such as “lamp”
classes-none = Nothing like that was found. Try another word, or simply report it and we sort it.
classes-handle = Settled within
classes-urgent-note = Urgent: the clock runs day and night
classes-report = Report this
classes-back = All classes
classes-filing = When it is taken up
classes-closing = When it is done
classes-limits = How long each step takes
classes-stage-receive = Taking it up
classes-stage-dispatch = Passing it on
classes-stage-handle = Settling it
classes-stage-check = Checking
classes-units = Who usually settles it
classes-shown = What others can see
classes-shown-exact = What and where is public; who reported it is not
classes-shown-building = What is public; where, only down to the building
classes-shown-private = Not public: only those who deal with it can see it
classes-photos = Photos
classes-photos-none = None needed
classes-photos-after = One when it is done
classes-photos-pair = One before and one when it is done
classes-questions = What you may be asked
classes-questions-note = Leave out what you do not know.
classes-claimable = Volunteers and firms may take it on
classes-standard = Standard { $number }
limit-wh = { $n ->
    [one] { $n } working hour
   *[other] { $n } working hours
}
limit-uh = { $n ->
    [one] { $n } hour
   *[other] { $n } hours
}
limit-wd = { $n ->
    [one] { $n } working day
   *[other] { $n } working days
}
limit-d = { $n ->
    [one] { $n } day
   *[other] { $n } days
}
kind-component = Component
kind-event = Event
kind-matter = Matter
nav-classes = Who settles what
classes-admin-title = Catalogue of matters
classes-admin-intro = The catalogue says when each class is taken up, how long it takes and who settles it. Each change is a new version; old cases keep theirs.
classes-versions = Versions
classes-version = Version
classes-valid-from = In force from
classes-count = Classes
classes-in-force = in force
classes-own = brought by the program
classes-later = later
classes-past = earlier
classes-download = Download as Excel
classes-upload = Upload an edited workbook
classes-file = Excel workbook (.xlsx)
classes-from-day = In force from
classes-from-hint = At once, when left empty.
classes-do-upload = Upload
sheet-wrongs = { $n ->
    [one] { $n } thing to mend
   *[other] { $n } things to mend
}
sheet-wrong-lead = Nothing has changed. What must be mended is listed below; or download the workbook with everything marked, mend it and upload it again.
sheet-wrong-download = Download the marked workbook
sheet-wrong-more = Only the first { $n } are listed; the others are in the marked workbook.
sheet-at-sheet = Sheet
sheet-at-row = Row
sheet-at-column = Column
sheet-at-mend = What to do
classes-made = Version { $n } is kept and comes into force on { $from }.
classes-made-now = Version { $n } is kept and in force from now on.
classes-name = Name
