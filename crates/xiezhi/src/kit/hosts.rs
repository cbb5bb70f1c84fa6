//! Other systems for which a person waits at his browser: how many may wait for one at once, and what it publishes, kept.
//!
//! What must stay true: a system that is slow keeps few of our threads waiting, never all; one that does not answer is not
//! asked again by everybody who comes, and an old document serves until a new one is there, for a day at most; in memory
//! only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::outbound::{self, Trouble};
use super::time::{DAY, HOUR, Ms};

/// Calls to one system at the same time; who comes then is told that it is busy.
const AT_ONCE: usize = 8;
/// Those among them that fetch one document: more would bring the same.
const FETCHING: usize = 2;
/// How long a document is taken to be as it was.
const FRESH: Ms = HOUR;
/// How long an old one serves while no new one can be had.
const STALE: Ms = DAY;
/// After a failure, or after a document was asked for anew: how long it is not asked for again.
const REST: Ms = 10_000;
/// Documents that are kept; when there are more, all are forgotten.
const MOST: usize = 64;
/// Bytes of a document.
const BYTES: usize = 512 << 10;

/// What is known of other systems.
#[derive(Default)]
pub struct Hosts {
    busy: Mutex<HashMap<String, usize>>,
    documents: Mutex<HashMap<String, Document>>,
}

#[derive(Clone)]
struct Document {
    bytes: Option<Arc<Vec<u8>>>,
    got_at: Ms,
    tried_at: Ms,
}

impl Hosts {
    /// Calls a system, unless as many are waiting for it as may.
    pub fn call<T>(&self, name: &str, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.within(name, AT_ONCE, work)
    }

    fn within<T>(&self, name: &str, most: usize, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
        {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            let n = busy.entry(name.to_owned()).or_insert(0);
            if *n >= most {
                return Err(Trouble::passing("waiting", ""));
            }
            *n += 1;
        }
        let _place = Place(self, name);
        work()
    }

    /// A document, kept for a while; `anew`: something is not in the kept one.
    pub fn document(&self, url: &str, anew: bool, now: Ms) -> Result<Arc<Vec<u8>>, Trouble> {
        let kept = self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
        let old = kept.as_ref().and_then(|d| d.bytes.clone().filter(|_| now - d.got_at < STALE));
        if let Some(document) = &kept {
            let rests = (0..REST).contains(&(now - document.tried_at));
            let fresh = (0..FRESH).contains(&(now - document.got_at));
            match &old {
                Some(bytes) if rests || fresh && !anew => return Ok(bytes.clone()),
                None if rests => return Err(Trouble::passing("resting", "")),
                _ => {}
            }
        }
        let fetched = self.within(url, FETCHING, || outbound::send(outbound::WAITED_FOR, url, &[], None));
        let fetched = fetched.and_then(|b| if b.len() > BYTES { Err(Trouble::lasting("too-large", "")) } else { Ok(b) });
        let mut all = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        let (bytes, got_at) = match &fetched {
            Ok(bytes) => (Some(Arc::new(bytes.clone())), now),
            Err(_) => (old.clone(), kept.map_or(now, |d| d.got_at)),
        };
        all.insert(url.to_owned(), Document { bytes: bytes.clone(), got_at, tried_at: now });
        match (bytes, fetched) {
            (Some(bytes), _) => Ok(bytes),
            (None, Err(e)) => Err(e),
            (None, Ok(_)) => Err(Trouble::lasting("answer", "")),
        }
    }
}

struct Place<'a>(&'a Hosts, &'a str);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut busy = self.0.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = busy.get_mut(self.1) {
            *n -= 1;
            if *n == 0 {
                busy.remove(self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_wait_for_one_system_and_a_place_comes_back_also_after_a_panic() {
        let hosts = Hosts::default();
        fn nest(hosts: &Hosts, depth: usize) -> Result<usize, Trouble> {
            hosts.call("slow", || if depth == 0 { Ok(0) } else { nest(hosts, depth - 1).map(|n| n + 1) })
        }
        assert_eq!(nest(&hosts, AT_ONCE - 1).unwrap(), AT_ONCE - 1);
        let told = nest(&hosts, AT_ONCE).unwrap_err();
        assert_eq!((told.code.as_str(), told.passes), ("waiting", true));
        let panics =
            std::panic::AssertUnwindSafe(|| hosts.call("slow", || -> Result<(), Trouble> { panic!("of another's making") }));
        assert!(std::panic::catch_unwind(panics).is_err());
        assert!(hosts.busy.lock().unwrap().is_empty());
    }

    #[test]
    fn a_document_is_fetched_once_and_an_old_one_serves_while_none_can_be_had() {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            for n in 1..=2 {
                let mut stream = listener.accept().unwrap().0;
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n{n}");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let hosts = Hosts::default();
        let got = |anew: bool, now: Ms| hosts.document(&url, anew, now).map(|b| b[0]).map_err(|e| e.code);
        assert_eq!((got(false, 0), got(false, FRESH - 1), got(true, 1)), (Ok(b'1'), Ok(b'1'), Ok(b'1')));
        assert_eq!((got(true, REST), got(true, REST + 1)), (Ok(b'2'), Ok(b'2')));
        served.join().unwrap();
        assert_eq!(got(false, REST + FRESH), Ok(b'2'), "nobody is there, the old one serves");
        assert!(got(false, REST + STALE).is_err());
        assert_eq!(got(false, REST + STALE + 1), Err("resting".into()));
    }
}
