//! The bracket around a drill: however it ends — in order, by a fault, by a panic, by a signal, out
//! of time — its end is written down, and everything can be given back.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::FutureExt;
use pgrehearse_verdict::journal::{Cause, End, Event, Fault, RigCause, Scope, SubjectCause};
use tokio::sync::watch;

use crate::drill::clocks::Reading;
use crate::drill::perform::Failure;
use crate::plan::shown;
use crate::rig::{Stage, Trouble};

/// How long giving everything back may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(120);

/// The time between two looks at whether there is room.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How programs say that a disk is full: the system's own words, and PostgreSQL's.
const FULL_DISK: [&str; 3] = ["No space left on device", "wrote only", "Disk quota exceeded"];

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
    let began = Reading::take();
    let guarded = AssertUnwindSafe(drill).catch_unwind();
    let wished = async {
        // A sender that is gone can wish for nothing.
        if wish.wait_for(|wish| *wish != Wish::GoOn).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let cramped = OnceLock::new();
    let (end, fault) = tokio::select! {
        biased;
        never = watch_room(stage, &cramped) => match never {},
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
        let cramped = cramped.into_inner().or_else(|| stage.rig.cramped());
        let told = FULL_DISK.iter().any(|words| fault.said.contains(words));
        let told = told.then(|| "the ground of the drill is full, by what was said".to_owned());
        if let (Cause::Subject(_), Some(said)) = (fault.cause, cramped.or(told)) {
            // Said first: what failed on a disk of ours is not blamed on the subject.
            let cause = Cause::Rig(RigCause::NoSpace);
            let ours = Fault { cause, during: fault.during.clone(), said };
            let _ = stage.scoped(Scope::Source).note(Event::Fault(ours));
        }
        // A journal that cannot be written has no end: that is read as unknown, never as passed.
        let _ = stage.scoped(failure.scope).note(Event::Fault(fault));
    }
    if let Some(clocks) = began.until(&Reading::take()) {
        let _ = stage.scoped(Scope::Source).note(Event::Clocks(clocks));
    }
    let _ = stage.scoped(Scope::Source).note(Event::Ended { how: end });
    end
}

/// Keeps what the ground ran out of, as soon as it does: when something has failed of it, what
/// failed is often given back, and there is room again.
async fn watch_room(stage: &Stage, cramped: &OnceLock<String>) -> Infallible {
    loop {
        if let Some(said) = stage.rig.cramped() {
            let _ = cramped.set(said);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
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
