# Pictures: covering, publishing, originals
photo-cover = Cover faces and plates
picture-cover = Cover, publish
picture-public = Public
cover-title = Cover faces, number plates, papers
cover-already = { $n ->
  [0] nothing covered yet
  [one] 1 place covered
 *[other] { $n } places covered
}
cover-label = Picture. Move the frame with the arrow keys, hold Shift to change its size, Enter covers, Backspace undoes
cover-hint = Tap what should be covered, or draw a frame.
cover-undo = Undo one
cover-said = # to be covered
cover-done = Done
cover-cancel = Leave as it is
cover-alt = Picture to be covered
cover-typed = In percent of the sides of the picture:
cover-left = Left (%)
cover-top = Top (%)
cover-width = Width (%)
cover-height = Height (%)
cover-do = Cover
cover-for-good = What is covered can never be seen in this picture again; the original is kept apart, sealed.
cover-public-title = Who may see it
cover-is-public = Everybody can see this picture.
cover-not-public = Now only the reporter and those who work on it can see it.
cover-private = Matters of this kind are not public, nor are their pictures.
cover-release = It is covered: show it to everybody
cover-conceal = Show it to nobody else any more
cover-original = See the original
cover-original-hint = Who opened it, when and why is noted, and the reporter can read it.
cover-original-why = Why
cover-original-do = See the original
event-cover = Faces or plates in a picture were covered
event-release = A picture was made public
event-conceal = A public picture was taken back
event-original = The original of a picture was opened
purpose-original = Opening the original of a picture
element-case-original = Original picture
element-case-picture = public picture
uploading = Sending photos and recordings, { $n }% done
upload-cut = The network is gone. Please keep this page open; it goes on as soon as there is one.
