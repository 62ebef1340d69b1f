//! Reading shared between threads: most of it is waiting for the system.

/// Fewer small files are read sooner than a thread is started.
const WORTH_A_THREAD: usize = 64;
const MOST_THREADS: usize = 8;

/// For folders and files that are small each: a few of them are no work to share.
pub(super) fn each_small<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() < WORTH_A_THREAD {
        return items.iter().map(work).collect();
    }
    each(items, work)
}

/// The results in the order of the items, whoever worked on them.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS);
    if items.len() < 2 || threads == 1 {
        return items.iter().map(work).collect();
    }
    let share = items.len().div_ceil(threads);
    let work = &work;
    std::thread::scope(|scope| {
        let mut shares = items.chunks(share);
        // One share is this thread's own.
        let own = shares.next().unwrap_or_default();
        let workers: Vec<_> = shares
            .map(|items| scope.spawn(move || -> Vec<R> { items.iter().map(work).collect() }))
            .collect();
        let mut results: Vec<R> = own.iter().map(work).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_their_items() {
        for many in [0, 1, 63, 64, 1000] {
            let items: Vec<usize> = (0..many).collect();
            let expected: Vec<usize> = (1..=many).collect();
            assert_eq!(super::each(&items, |item| item + 1), expected);
            assert_eq!(super::each_small(&items, |item| item + 1), expected);
        }
    }
}
