# Emergency mobilisation: what is needed, what there is, who gets it, whether it came.

relief-title = Emergency supplies
relief-lead = In a disaster: what is short and where, what there is, and who got it. Every piece is accounted for.
relief-none = There is no emergency now.
relief-new = Open an emergency
relief-name = What it is called (such as: shelter from the storm)
relief-why = What happened, and why it is opened
relief-classes = What is needed
relief-open = Open it
relief-state-open = Going on
relief-state-ended = Ended
relief-since = opened { $when }
relief-account = What came of it
relief-ended-at = Ended { $when }
relief-desk = Waiting for you
relief-waits-needs = { $n ->
    [one] 1 need is not met
   *[other] { $n } needs are not met
}
relief-waits-late = { $n } past their time
relief-waits-gifts = { $n ->
    [one] 1 offer to answer
   *[other] { $n } offers to answer
}
relief-waits-ready = { $n ->
    [one] 1 load to send
   *[other] { $n } loads to send
}
relief-waits-differs = { $n ->
    [one] 1 load that came short
   *[other] { $n } loads that came short
}
relief-waits-nothing = Everything is dealt with.
relief-needs = Needs
relief-stock = Depots
relief-plan = Who gets what
relief-loads = Loads
relief-where = Where things are
relief-holds = Received = handed over + under way + set aside + in stock + lost, for every class.
relief-recount-holds = Counted again from every movement, all of it adds up.
relief-broken = It does not add up. The administrator should look.
relief-check = Count again
relief-check-lead = Whatever comes, is set aside, sent, handed over, brought back or lost is one entry that nobody can change or delete. Here all of them are added up again.
relief-check-accounts = Depots times classes
relief-check-moves = Movements
relief-check-wrong = Not the sum of their movements
relief-check-below = Below zero
relief-check-loads = Not what the loads say
relief-received = { $n } { $unit } received
relief-nothing-yet = Nothing was received yet.
relief-place-received = Received
relief-place-stock = In stock
relief-place-reserved = Set aside
relief-place-way = Under way
relief-place-handed = Handed over
relief-place-lost = Lost
relief-asked = { $n } { $unit } needed
relief-short = { $n } { $unit } short
relief-to-share = { $n } { $unit } to be shared out
relief-covered = Enough
relief-unknown = { $n ->
    [one] 1 site does not know how much
   *[other] { $n } sites do not know how much
}
relief-quantity-unknown = Amount unknown
relief-unknown-hint = When nobody knows how much: a base ration by people comes first.
relief-areas = Needs by community
relief-areas-few = Communities with fewer than 3 sites are counted together, or not shown apart.
relief-elsewhere = Other communities
relief-sites = Sites
relief-site = Site
relief-give = Give something
relief-give-lead = Say what you would give; it counts once it has been received and counted.
relief-give-skill = To lend a hand, go to
relief-volunteers = Neighbours' help
relief-offer = Offer it
relief-giver = Organisation or name, and how to reach you
relief-class = Goods
relief-quantity = Quantity
relief-quantity-of = How much { $name } for { $site }
relief-gift-offered = Waiting for an answer
relief-gift-received = Received
relief-gift-declined = Not taken
relief-gift-withdrawn = Withdrawn
relief-gift-counted = { $n } { $unit } counted
relief-gift-withdraw = Withdraw
relief-gift-decline = Do not take it
relief-gift-take = Answer
relief-gifts = Offers
relief-reason = Why
relief-end = End this emergency
relief-end-lead = It can end once every need has an outcome and everything was handed over.
relief-run-by = Run by { $party }
relief-receive = Something came
relief-receive-lead = Count it first, then write down what was counted.
relief-receive-it = Into stock
relief-counted = Counted
relief-depot = Depot
relief-from = Where from
relief-from-whom = From whom, with which note
relief-adjust = Something is lost or came back
relief-what-happened = What happened
relief-note-it = Write it down
relief-cause-gift = Given
relief-cause-purchase = Bought
relief-cause-above = Sent from above
relief-cause-reserve = Set aside
relief-cause-release = No longer set aside
relief-cause-send = Sent
relief-cause-hand = Handed over
relief-cause-back = Back in the depot
relief-cause-expired = Past its date
relief-cause-damaged = Damaged
relief-cause-missing = Missing
relief-empty = Nothing is here yet.
relief-depot-add = Add a depot
relief-depot-name = Name of the depot (may be left out)
relief-keeper = Who keeps it
relief-moves = What moved lately
relief-when = When
relief-note = Note
relief-filed = { $n ->
    [one] 1 need was filed.
   *[other] { $n } needs were filed.
}
relief-people = { $n ->
    [one] 1 person
   *[other] { $n } people
}
relief-own = Ours
relief-by = needed { $when }
relief-late = moved up { $n } times
relief-got = { $n } { $unit } came
relief-promised = { $n } { $unit } arranged
relief-missing = { $n } { $unit } missing
relief-holder = with { $party }; moves up { $when }
relief-stand-open = Not met
relief-stand-met = Met
relief-stand-closed = Closed
relief-tier = How urgent
relief-tier-change = Change how urgent it is
relief-close = Not needed, or enough
relief-file-for = What { $name } needs
relief-for-people = For how many people
relief-needed-by = Needed by (may be left out)
relief-words = Anything else
relief-file = File the need
relief-no-sites = There is no site yet. Add one first, then say what it needs.
relief-more = More
relief-site-add = Add a site
relief-site-name = Name of the site (else that of the community)
relief-site-body = Organisation (a care home, a charity)
relief-site-body-add = Add the organisation
relief-table = By the table
relief-table-rows = One need a row: site, goods, quantity, people, urgency, by, note. Sites are added first.
relief-table-unknown = Where nobody knows how much, leave the quantity empty or write 不详, never 1.
relief-table-empty = Empty table
relief-table-file = Table (xlsx or csv)
relief-table-send = Upload
relief-plan-lead = Shared by urgency and people. You may change it; nothing is set aside before you confirm.
relief-propose = Work it out
relief-propose-again = Work it out again (what you changed stays)
relief-why-so = Why
relief-why-all = All that was asked for
relief-why-share = Not enough for all: its share by people
relief-why-ration = Amount unknown: a base ration by people
relief-why-instead = No { $name } is left: this stands in
relief-why-desk = You said so
relief-asked-had = asked { $asked }, has { $had }
relief-pin = Change
relief-pin-of = Change { $name } for { $site }
relief-pin-hint = 0 takes it out.
relief-confirm = Confirm and set aside
relief-confirm-hint = The stock is checked once more; if it is not enough nothing is done, so never too much is given.
relief-plan-empty = There is nothing to share out: the depots are empty, or everything is arranged.
relief-still-short = Still short then
relief-short-hint = What is not met stays, and moves up by itself when its time is over.
relief-how = How it is worked out
relief-how-1 = The urgent first; those equally urgent share by people, nobody gets more than he asked. The last piece goes to whoever is furthest from his share.
relief-how-2 = An unknown amount is not 1: it is a base ration by people, and they say whether it is enough.
relief-how-3 = What is left of one class may stand in for another. Everything comes from the nearest depot. The same numbers give the same result, whoever works it out.
relief-load = Load
relief-receipt = Receipt
relief-no-loads = There is nothing to send yet.
relief-from-to = { $from } → { $to }
relief-way-ready = To be sent
relief-way-sent = Under way
relief-way-differs = Came short
relief-way-handed = Handed over
relief-way-cancelled = Cancelled
relief-code = Hand-over code
relief-code-hint = When you have counted, tell these six digits to whoever brings it, or confirm below.
relief-code-of-site = Code of whoever receives it
relief-for = For
relief-from-depot = From
relief-to-site = To
relief-sent-at = Sent at
relief-handed-at = Handed over at
relief-handed-code = by the code
relief-handed-yes = confirmed by the receiver
relief-log-entry = Entry of the log
relief-sent = Sent
relief-got-short = Came
relief-send = Send it
relief-arrived = Did it come
relief-arrived-code = Was it delivered
relief-arrived-hint = Write down what really came. If it is less, say so; the depot will explain.
relief-received-of = { $name }: how many came ({ $unit })
relief-hand = Confirm
relief-explain = Where is the rest
relief-explain-hint = What did not come: is it back in the depot, or lost?
relief-cancel = It does not go
together-relief = Emergency supplies
together-relief-hint = In a disaster: what is short, what there is, who got it

notice-relief-need = Emergency: a new need
notice-relief-late = Emergency: a need is past its time and is yours now
notice-relief-gift = Emergency: somebody would give something
notice-relief-load = Emergency: a load to send
notice-relief-sent = Emergency: a load is on its way to you
notice-relief-differs = Emergency: less came than was sent, please explain

error-stock-short = Not enough: only { $limit } left. Ask for less, or work it out again.
error-need-over = That is more than is missing; { $limit } are missing.

element-relief-words = What a site says beside its need
element-relief-giver = Who would give something
purpose-relief = Emergency supplies: needs and who gets what
