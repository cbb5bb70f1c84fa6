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
people-saved = Saved.
people-beneath = Places beneath
people-here = People here and beneath: { $n }
people-place = Where
people-end-sure = From then on they can no longer act in this role. To give it back, it must be added anew.
people-end-do = End it
people-password-hint = At least 8 characters. Hand it over in person; they change it after signing in.
people-body-hint = People of committees, firms and departments need an organisation; residents and building heads do not. What is missing is added further down first.
people-body-phone-hint = Public: residents see it.
area-code-hint = A community has its 12-digit division code; a grid has that code and three more digits, such as 001.
recut-community-hint = 12 digits. Shown under “People and bodies” once you open the community; coming from there it is filled in.
open311-revoke-sure = From then on the other side can neither report nor look up with it, and it cannot be given back.
open311-revoke-do = Revoke it
register-none-here = Nothing is registered here yet.
register-add-household = Register another household
register-unit-stays = (people)
register-unit-sizes = (households)
register-unit-uses = (homes)
register-unit-kinds = (organisations)
register-unit-tags = (people)
register-export-organisations = List organisations instead
register-export-persons = List residents instead
register-new-hint = Only the name is needed; the rest may stay empty. An ID number fills in sex and date of birth by itself.
calendar-year = { $year }
inbox-at-desk = Only kind and number stand here. What each matter is, and its deadline, you see at the desk
audit-order = Those who read most come first.
audit-further = What else can be checked
audit-further-log = Where every matter is, and how the log proves that nothing was changed
audit-further-catalogue = What is held, who sees it, by which rule
audit-further-verify = Whether a receipt is genuine
desk-holder = with { $party }
desk-none-found = Nothing found. Search by number: some digits of it are enough.
