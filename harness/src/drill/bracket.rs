//! The bracket around a drill: however it ends — in order, by a fault, by a panic, by a signal, out
//! of time — its end is written down, and everything can be given back.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use pgrehearse_verdict::journal::{Cause, End, Event, Fault, RigCause, Scope, SubjectCause};
use tokio::sync::watch;

use crate::drill::perform::Failure;
use crate::plan::shown;
use crate::rig::{Stage, Trouble};

/// How long giving everything back may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(120);

/// What the drill is told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// Go on.
    GoOn,
    /// End in order: write down what is known, give everything back.
    End,
    /// End without waiting for the ground to be given back.
    EndNow,
}

/// Runs `drill` to whatever end it finds within `limit`, and writes that end to the journal. What
/// the drill held is dropped; what its rig holds is given back by [`release`].
pub async fn bracket(
    stage: &Stage,
    drill: impl Future<Output = Result<(), Failure>>,
    limit: Duration,
    mut wish: watch::Receiver<Wish>,
) -> End {
    let guarded = AssertUnwindSafe(drill).catch_unwind();
    let wished = async {
        // A sender that is gone can wish for nothing.
        if wish.wait_for(|wish| *wish != Wish::GoOn).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let (end, fault) = tokio::select! {
        biased;
        () = wished => (End::Interrupted, None),
        ended = guarded => match ended {
            Ok(Ok(())) => (End::Completed, None),
            Ok(Err(failure)) => (End::Faulted, Some(failure)),
            Err(panic) => (End::Panicked, Some(panicked(&*panic))),
        },
        () = tokio::time::sleep(limit) => (End::TimedOut, Some(out_of_time(stage, limit))),
    };
    if let Some(failure) = fault {
        let fault = Fault {
            cause: failure.trouble.cause,
            during: failure.during,
            said: stage.redactor.clean(&failure.trouble.said),
        };
        // A journal that cannot be written has no end: that is read as unknown, never as passed.
        let _ = stage.scoped(failure.scope).note(Event::Fault(fault));
    }
    let _ = stage.scoped(Scope::Source).note(Event::Ended { how: end });
    end
}

/// Gives back everything the drill's rig holds; what could not be given back is named.
pub async fn release(stage: &Stage) -> Vec<String> {
    let released = tokio::time::timeout(RELEASE_LIMIT, stage.rig.release()).await;
    let left = released.unwrap_or_else(|_| {
        vec![format!("not everything was given back within {RELEASE_LIMIT:?}")]
    });
    for what in &left {
        let _ = stage.remark(format!("left behind: {what}; run `pgrehearse clean`"));
    }
    left
}

fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    failure(RigCause::Panic, format!("pgrehearse panicked: {text}"))
}

/// The time of the whole drill is up: that is the failure of whoever was at work then.
fn out_of_time(stage: &Stage, limit: Duration) -> Failure {
    let said = format!("the drill did not end within {}", shown(limit));
    let Some(work) = stage.notebook.work() else {
        return failure(RigCause::TimeLimit, said);
    };
    let since = shown(work.since.elapsed());
    let said = format!("{said}, and this had not ended after {since}");
    let trouble = Trouble::subject(SubjectCause::TimeLimit, said);
    Failure { scope: work.scope, during: work.what, trouble }
}

fn failure(cause: RigCause, said: String) -> Failure {
    let trouble = Trouble { cause: Cause::Rig(cause), said };
    Failure { scope: Scope::Source, during: "the whole drill".to_owned(), trouble }
}
