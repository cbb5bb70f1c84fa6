// Lets a form wait for work that is still going on (a photo made smaller, a voice being recorded) before it is sent.
// Must stay true: the form is always sent in the end, by the same button; `work()` returns a promise, or null when
// there is nothing to wait for; nobody waits longer than ten seconds.

const LONGEST = 10_000;

/// Returns a function that ends it.
export function hold(form, work) {
  const wait = async (event) => {
    if (event.defaultPrevented) return;
    const going = work();
    if (!going) return;
    event.preventDefault();
    const late = new Promise((done) => setTimeout(done, LONGEST));
    await Promise.race([going, late]).catch(() => {});
    if (form.isConnected) form.requestSubmit(event.submitter);
  };
  form?.addEventListener('submit', wait);
  return () => form?.removeEventListener('submit', wait);
}
