# Participatory budgets: ideas, the list, choosing, the result and its reasons.

budget-title = Budgets we decide together
budget-lead = Residents propose what a sum is spent on, and choose. What wins, and why, is there for all to read.
budget-none = There is no budget to decide on now.
budget-new = Begin a budget
budget-name = What it is called
budget-about = What it is about
budget-amount = How many yuan
budget-most = Projects a person may choose
budget-ideas-until = Ideas until
budget-begin = Begin
budget-yuan = ¥{ $n }
budget-phase-ideas = Taking ideas
budget-phase-checking = Being checked
budget-phase-notice = Announced
budget-phase-open = Open
budget-phase-counting = Being counted
budget-phase-published = Decided
budget-phase-void = Given up
budget-voters = { $n ->
    [one] 1 person chose
   *[other] { $n } people chose
}
budget-ideas-lead = What should the money be spent on? Tell us until { $when }; every idea gets an answer.
budget-checking-lead = The committee works out each idea. Choosing begins { $when }.
budget-notice-lead = The list is posted. Choosing begins { $when }.
budget-open-lead = Choose what you want done: at most { $n } projects, until { $when }.
budget-counting-lead = It is over; the result comes in a moment.
budget-result-lead = { $n } people chose, and each had ¥{ $share } to spend. The winners cost ¥{ $cost } together.
budget-void-why = Given up: { $why }
budget-done = We have your choice. Thank you! You can change it until the end.
budget-cast-at = You chose { $when }; you can change it until the end.
budget-choose = What should be done? (at most { $n })
budget-cast = Send
budget-cast-again = Change to this
budget-hidden = Nobody sees what you choose. The order of the projects was drawn by lot.
budget-withdrawn = “{ $title }” cannot be done any more: { $why }
budget-projects = Projects
budget-won = Wins
budget-lost = Does not win
budget-votes = { $n ->
    [one] 1 person chose it
   *[other] { $n } people chose it
}
budget-why-bought = { $payers } who chose it paid for it together, ¥{ $price } each at most.
budget-why-fitted = ¥{ $rest } was left, and it was next by votes and fitted.
budget-why-withdrawn = It cannot be done any more.
budget-why-few = Nobody chose it.
budget-why-dear = It costs more than there is.
budget-why-short = Those who chose it had only ¥{ $rest } left together.
budget-why-room = When its turn came only ¥{ $rest } was left.
budget-greedy = By votes alone it would win; but those who chose it got other projects already, and the money is for more people.
budget-ideas = Ideas ({ $n })
budget-idea = What should be done, where, and why?
budget-propose = Send
budget-own = Mine
budget-stand-idea = Waits for an answer
budget-stand-listed = On the list
budget-stand-declined = Not on the list
budget-stand-withdrawn = Cannot be done
budget-decide = Answer
budget-project-name = Name of the project
budget-project-about = What is to be done
budget-cost = What it costs, in yuan
budget-list = Put it on the list
budget-decline = Do not put it on the list
budget-decline-why = Why (everybody reads it)
budget-run = Running this budget
budget-post-hint = { $n ->
    [0] Every idea has its answer. After the posting projects, costs and times stand still.
    [one] 1 idea has no answer yet; then the list can be posted.
   *[other] { $n } ideas have no answer yet; then the list can be posted.
}
budget-post = Post the list
budget-withdraw = “{ $title }” cannot be done any more
budget-withdraw-why = Why (everybody reads it)
budget-withdraw-it = Take it off
budget-void = Give this budget up
budget-how = How the money is shared out
budget-how-1 = The sum is divided equally among all who chose. A project is paid for by those who chose it: the one that costs each of them least comes first. So every choice counts, and a few popular places do not use up the money.
budget-how-2 = When money is left, everybody is given one yuan more and it is done again, until nothing more fits; what is still left goes by votes.
budget-how-3 = Of equal ones the cheaper comes first, then the one more people chose, then the order drawn by lot.
budget-ties = The number of the lot is { $seed }, drawn when the list was posted and written in entry { $n } of the log. The order:
budget-again = Who chose what is not public, but you can download the choices without names and count again (command xiezhi calc budget).
budget-file = Download the choices (.pb)
element-budget-words = What somebody proposed for a budget
element-budget-choice = Which projects somebody chose
error-undecided = { $limit ->
    [one] 1 idea has no answer yet.
   *[other] { $limit } ideas have no answer yet.
}
budget-nobody-yet = Nobody was named to carry it out yet.
budget-task = Say who does it and by when
budget-task-body = Who does it
budget-task-due = By when
budget-task-give = Hand it over and publish
