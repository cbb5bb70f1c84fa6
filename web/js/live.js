// Listens to a stream of the server (text/event-stream, one JSON object a message) for an element.
// Must stay true: a page that is hidden or left holds no stream, for a browser has only six connections to us;
// after three failures without a message it gives up in silence, and the page shows what the server rendered.

const MOST_FAILURES = 3;

/// Calls `tell(object)` for each message. Returns a function that ends it for good.
export function listen(src, tell) {
  let source = null;
  let failures = 0;

  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    if (source || failures >= MOST_FAILURES || document.hidden) return;
    source = new EventSource(src);
    source.onmessage = (event) => {
      failures = 0;
      let said;
      try {
        said = JSON.parse(event.data);
      } catch {
        return;
      }
      if (said && typeof said === 'object') tell(said);
    };
    source.onerror = () => {
      failures += 1;
      // A refusal (busy, signed out) closes the source itself; it is not asked again until the page is shown anew.
      if (failures >= MOST_FAILURES || source?.readyState === EventSource.CLOSED) close();
    };
  };
  const seen = () => (document.hidden ? close() : open());

  document.addEventListener('visibilitychange', seen);
  window.addEventListener('pagehide', close);
  window.addEventListener('pageshow', open);
  open();

  return () => {
    close();
    document.removeEventListener('visibilitychange', seen);
    window.removeEventListener('pagehide', close);
    window.removeEventListener('pageshow', open);
  };
}
