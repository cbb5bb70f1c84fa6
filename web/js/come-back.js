// On a page that somebody came back to: opens the folds in which he had typed. The browser brings back what was typed, but not
// that its fold stood open, and then it seems lost.
// Must stay true: only what differs from the page as it was sent is opened; nothing is changed.

function unfold() {
  for (const field of document.querySelectorAll('details:not([open]) :is(textarea, input:not([type=hidden]))')) {
    if (field.value === field.defaultValue) continue;
    for (let fold = field.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  }
}

if (document.readyState === 'complete') unfold();
else window.addEventListener('pageshow', unfold);
