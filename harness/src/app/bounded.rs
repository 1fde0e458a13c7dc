//! A runtime that ends.
//!
//! testcontainers removes a container by asking the engine from within a drop, and waits for the
//! answer. Of an engine that hung, such a container is dropped when the runtime itself ends, whose
//! sockets nobody serves any more: the whole process stood there for ever, with its reports
//! written.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use tokio::runtime::Builder;

/// How long tasks that are still under way may take to be dropped. What they leave behind bears our
/// labels and is removed by the reaper.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Runs `future` to its end, then drops the tasks it left behind: for five seconds at most.
///
/// # Errors
/// Where the system gives no runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(future)));
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    Ok(ended.unwrap_or_else(|panic| resume_unwind(panic)))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Waits for ever when it is dropped, as a container of an engine that hangs.
    struct Clinging;

    impl Drop for Clinging {
        fn drop(&mut self) {
            let runtime = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| runtime.block_on(std::future::pending::<()>()));
        }
    }

    async fn leave_behind() {
        let (sender, there) = tokio::sync::oneshot::channel();
        tokio::spawn(async {
            let _clinging = Clinging;
            sender.send(()).expect("somebody waits");
            std::future::pending::<()>().await;
        });
        // A task that never began has nothing to drop, and would show nothing.
        there.await.expect("the task began");
    }

    /// What came of it, within a multiple of the limit.
    fn ended(run: impl FnOnce() -> bool + Send + 'static) -> Option<bool> {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(run()));
        receiver.recv_timeout(SHUTDOWN_LIMIT * 6).ok()
    }

    #[test]
    fn a_task_that_cannot_be_dropped_does_not_keep_the_process() {
        assert_eq!(ended(|| block_on(leave_behind()).is_ok()), Some(true));
    }

    #[test]
    fn a_panic_is_ours_to_see_though_a_task_cannot_be_dropped() {
        let panics = || {
            catch_unwind(|| {
                block_on(async {
                    leave_behind().await;
                    panic!("on purpose")
                })
            })
            .is_err()
        };
        assert_eq!(ended(panics), Some(true));
    }
}
