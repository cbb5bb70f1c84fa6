//! With which key of a program a write is made.
//!
//! What must stay true: whatever is logged while a call with a key runs says so, whichever action logs it. An action is not
//! asked to: one that forgot would let a program write in a person's name. The key is known to the thread on which the call
//! runs, goes with each write to the writer's thread, and is gone when the call ends, also by a panic.

use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static KEY: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// Puts back what was before.
struct Before(Option<Arc<str>>);

impl Drop for Before {
    fn drop(&mut self) {
        KEY.set(self.0.take());
    }
}

/// Runs a call that is made with a key (its id), or with none.
pub fn with_key<T>(key: Option<&str>, call: impl FnOnce() -> T) -> T {
    let _before = Before(KEY.replace(key.map(Arc::from)));
    call()
}

/// The key with which this thread calls.
pub(crate) fn key() -> Option<Arc<str>> {
    KEY.with_borrow(Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_gone_when_its_call_ends_also_by_a_panic() {
        with_key(Some("a"), || {
            assert_eq!(key().as_deref(), Some("a"));
            with_key(None, || assert_eq!(key(), None));
            assert_eq!(key().as_deref(), Some("a"));
        });
        assert!(std::panic::catch_unwind(|| with_key(Some("b"), || panic!("of the story's making"))).is_err());
        assert_eq!(key(), None);
    }
}
