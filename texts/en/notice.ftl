# Notices: inbox, how I am told, SMS, group robots, the call list
inbox-need = Waiting for you ({ $n })
inbox-rest = Other messages
inbox-new-n = { $n } new
inbox-all-of = All { $n } messages about { $number }
inbox-about = Messages about { $number }
inbox-older = Older
inbox-settings = How I am told
notices-title = How I am told
notices-lead = Every message is in the inbox; none is missing. E-mail and SMS only say that there is something: numbers and a link, not the matter itself.
notices-digest = How often
notices-digest-now = At once
notices-digest-hourly = Once an hour
notices-digest-daily = Every morning at eight
notices-quiet = Quiet hours
notices-quiet-hint = Nothing is sent in this time; you hear of it afterwards, all together. Emergencies are sent. The same time twice means any time is fine.
notices-quiet-from = From
notices-quiet-to = To
notices-email = E-mail
notices-sms = SMS
notices-push = Alerts in this browser
notices-push-why = When there is something new, your phone or computer shows one line that does not say what it is about. It passes through the browser vendor's server: the vendor learns that there is an alert, not what is in it.
notices-push-on = On. One phone or computer is alerted at a time; to change it, open this page there.
notices-push-start = Alert me here
notices-push-move = Alert me here instead
notices-push-cannot = This browser cannot show alerts; everything is in your inbox.
notices-push-denied = The browser did not allow alerts. Please allow notifications in its site settings, then press again.
notices-push-failed = That did not work: perhaps the browser vendor's server cannot be reached. Everything is in your inbox, nothing is lost.
wake-body = { $n ->
    [0] There is something in your inbox
    [one] { $n } unread message
   *[other] { $n } unread messages
}
notices-absent = Not set up here yet.
notices-unbuilt = A mail server is configured, but this program was built without mail. Please use a program that was built with it.
notices-on = Sent to { $address }.
notices-sms-signs-in = Unless somebody else signs in with this number, you can sign in with it too, without a password.
notices-off = Send nothing more
notices-address-email = E-mail address
notices-address-sms = Mobile number
notices-send-code = Send a code
notices-send-code-again = Another one, or a new code
notices-code = Code
notices-code-hint = Six digits, sent to { $address }, good for ten minutes.
notices-confirm = Confirm
notices-sent = Sent to you lately
delivery-kind-digest = { $n ->
    [one] Word of a message
   *[other] Word of { $n } messages
}
delivery-kind-code = Code
delivery-kind-group = Word to a group
delivery-kind-receipt = SMS: report received
delivery-kind-result = SMS: closed
delivery-kind-refused = SMS: not taken up
delivery-kind-delayed = SMS: put off
delivery-waiting = Waiting
delivery-sending = Being sent
delivery-sent = Sent
delivery-unknown = Unknown whether it was sent
delivery-stuck = Not sent
delivery-void = Not to be sent
deliveries-out-title = Messages sent out
deliveries-out-lead = Inboxes do not depend on this. Here you see whether e-mails, SMS and words to groups left, not whom they are for.
deliveries-out-none = No e-mail, SMS or group robot is configured yet.
deliveries-out-week = The last seven days
deliveries-out-channel = Channel
deliveries-out-state = State
deliveries-out-n = Messages
deliveries-out-look = To be looked at
deliveries-out-unknown = “Unknown” ones were cut off in the middle. Nothing is said twice, so the program does not send them again by itself: please decide.
deliveries-out-at = Time
deliveries-out-what = What
deliveries-out-error = Why
deliveries-out-do = Do
deliveries-out-next = again { $when }
deliveries-out-tries = { $n ->
    [one] tried once
   *[other] tried { $n } times
}
deliveries-out-again = Send again
deliveries-out-leave = Do not send
deliveries-out-fine = There is nothing to look at.
mail-title = Xiezhi: { $n } new messages
mail-end = Look: { $link }
    To get no more of these: { $settings }
mail-code-title = Xiezhi: code for your address
mail-code = Code: { $code }, good for ten minutes. If it was not you, there is nothing to do.
sms-code = Code: { $code }, good for ten minutes. If it was not you, there is nothing to do.
sms-digest = You have { $n } new messages: { $link }
sms-receipt = Your report was received, number { $number }. Progress: { $link }
sms-result = Your report { $number } is closed: { $link } . Reply 1 satisfied, 2 not satisfied.
sms-refused = Your report { $number } was not taken up. Reasons and appeal: { $link }
sms-delayed = Your report { $number } cannot be done now and was put off; it comes back by itself: { $link }
sms-reply-rated = Thank you for your rating.
sms-reply-noted = Your words were passed on to those who work on it.
sms-reply-full = You have told us a lot today and all of it was written down. Please call the community for more.
sms-reply-late = This was rated already, or the time for rating is over.
sms-reply-unknown = No report from this number was found.
group-begin = [Xiezhi] { $counts }:{" "}
group-more = {" "}and { $n } more
group-end = . Look: { $link }
group-case-report = { $n } new reports
group-case-reopen = { $n } to be done again
group-case-warn = { $n } nearly due
group-case-escalate = { $n } overdue, moved up
group-case-close = { $n } closed
reach-wish = How shall we tell you what became of it
reach-wish-clerk = How shall they be told what became of it
reach-wish-none = No need, the page is enough
reach-wish-sms = By SMS
reach-wish-call = By a call
calls-title = Call list
calls-lead = { $area }: { $n ->
    [one] one person without a smartphone is
   *[other] { $n } people without a smartphone are
} to be called because something changed.
calls-none = There is nobody to call now.
calls-no-name = No name given
calls-say-close = { $number } is closed.
calls-say-reject = { $number } was not taken up. Say why, and that they may appeal.
calls-say-hang_up = { $number } cannot be done now and was put off; it comes back by itself.
calls-ask = Are they satisfied
calls-answer-1 = Satisfied
calls-answer-2 = Not satisfied
calls-answer-none = Did not say
calls-own = You handled this: you may tell them what became of it, but a colleague asks whether they are satisfied.
calls-told = Told
calls-paper = □ told  □ satisfied  □ not satisfied
calls-more = There are more; they follow when these are done.
element-person-browser = Where this browser is alerted
element-person-email = E-mail address
purpose-calls = Calling reporters to tell them
purpose-reach = Sending an SMS to reporters
