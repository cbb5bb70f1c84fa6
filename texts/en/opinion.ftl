# Opinions: statements, answers, the map.

opinion-title = What people think
opinion-lead = Say what you think of a matter, one short statement at a time. Everybody answers each of them, and we see what is shared.
opinion-none = Nobody is asking for opinions now.
opinion-new = Ask for opinions
opinion-open = Open
opinion-over = Over
opinion-voters = { $n ->
    [one] 1 person answered
   *[other] { $n } people answered
}
opinion-closes = Until { $when }
opinion-earlier = Earlier
opinion-name = The matter
opinion-about = What it is about
opinion-closes-at = Last day
opinion-days = At most { $n } days.
opinion-first = First statements
opinion-first-hint = One a line, one thought each, at most { $n } characters. Take some from every side.
opinion-checked = The committee reads what residents say before others see it
opinion-begin = Begin
opinion-end-why = Ended early: { $why }
opinion-ask = What do you think? { $n } of { $all }
opinion-agree = Agree
opinion-disagree = Disagree
opinion-pass = Not sure
opinion-hidden = Nobody sees what you answer, and you can change it until the end.
opinion-others = People who live or work there answer. You can read, but not answer.
opinion-sign-in = Sign in to answer.
opinion-all-done = You have answered everything. Thank you! Have a look at what people think.
opinion-empty = Nothing was said yet. You can be the first.
opinion-map = What people think
opinion-until-map = { $n ->
    [one] Answer 1 more to see what others think. Your own thoughts come first.
   *[other] Answer { $n } more to see what others think. Your own thoughts come first.
}
opinion-say = Say something yourself
opinion-say-hint = One sentence with one thought
opinion-say-it = Send
opinion-withdrawn = (withdrawn)
opinion-withdraw = Withdraw
opinion-withdraw-one = Withdraw “{ $words }”
opinion-state-waiting = Not read yet
opinion-state-shown = Everybody sees it
opinion-state-about = Everybody sees it
opinion-state-out = Not shown
opinion-why-repeats = Somebody said the same
opinion-why-several = More than one thought: please say them one by one
opinion-why-question = A question, not an opinion
opinion-why-person = It is about a person
opinion-why-elsewhere = It is about something else: please report it
opinion-why-law = The law does not allow it
opinion-why-withdrawn = You withdrew it
opinion-given = My answers ({ $n })
opinion-run = Statements to read
opinion-waiting = { $n ->
    [one] 1 statement waits.
   *[other] { $n } statements wait.
}
opinion-none-waits = No statement waits.
opinion-out-why = Why it is not shown
opinion-show = Show it
opinion-show-about = Show it as background
opinion-take-out = Do not show it
opinion-end = End early
opinion-end-reason = Why
opinion-few = Too few people have answered to see what they think.
opinion-bridges = All sides agree
opinion-bridges-hint = Most people agree, whoever they are and whichever group they think like. A good place to begin.
opinion-agreed = Most people agree
opinion-refused = Most people disagree
opinion-picture = Who thinks alike
opinion-groups = Opinions form { $n } groups.
opinion-no-gap = There is no clear line between them; many people stand in the middle.
opinion-no-groups = There are no clear groups: opinions are not far apart.
opinion-picture-alt = Map of the opinions of { $n } people: those who are near think alike
opinion-picture-hint = A dot is a few people who think much alike; the larger, the more. The nearer, the more alike. Nobody can be recognised.
opinion-group = Group { $name } ({ $n ->
    [one] 1 person
   *[other] { $n } people
})
opinion-group-quiet = This group has no view that sets it apart.
opinion-side-agree = they agree more
opinion-side-disagree = they disagree more
opinion-bar = { $agree }% agree, { $disagree }% disagree
opinion-n-agree = { $n }% agree
opinion-n-disagree = { $n }% disagree
opinion-n-all = { $n ->
    [one] 1 answer
   *[other] { $n } answers
}
opinion-all = All statements ({ $n })
opinion-how = How this map is made
opinion-how-1 = People whose answers are alike are placed near each other; then we see whether there are groups, and whether they are more than chance.
opinion-how-2 = The same answers always give the same map.
opinion-how-3 = You can download the answers and compute the map again (command xiezhi calc opinion). There are no names and no times in them.
opinion-table-votes = Download the answers
opinion-table-statements = Download the statements
opinion-table-roles = Download the roles
opinion-table-meta = Download the background statements
element-opinion-words = What somebody said when opinions were asked
element-opinion-answer = What somebody answered to a statement
error-other-area = This concerns another neighbourhood than yours.
error-over = It is over; nothing can be changed any more.
error-said-already = Somebody said the same already: please answer that one.
error-answer-first = Please answer { $limit } more before you see what others think.
