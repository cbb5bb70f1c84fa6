//! Work shared among the processors there are.
//!
//! What must stay true: results come in the order of the work, whoever did which part and whenever it was done; where no
//! thread can be had the caller does all of it.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `f` makes of 0 to `many` − 1.
pub fn shared<T: Send>(many: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let part = || {
        let mut done = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= many {
                break done;
            }
            done.push((n, f(n)));
        }
    };
    let helpers = thread::available_parallelism().map_or(1, usize::from).min(many).saturating_sub(1);
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (0..helpers).filter_map(|_| thread::Builder::new().spawn_scoped(scope, part).ok()).collect();
        let mut done = part();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_work() {
        assert_eq!(shared(1000, |n| n * n), (0..1000).map(|n| n * n).collect::<Vec<_>>());
        assert_eq!(shared(0, |n| n), Vec::<usize>::new());
        assert_eq!(shared(1, |n| n), vec![0]);
    }
}
