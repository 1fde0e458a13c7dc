//! The bracket around a drill: however it ends — in order, by a fault, by a panic, by a signal, out
//! of time — its end is written down, and everything can be given back.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::FutureExt;
use pgrehearse_verdict::journal::{
    Cause, Clocks, End, Event, Fault, RigCause, Scope, SubjectCause,
};
use tokio::sync::watch;

use crate::drill::clocks::Reading;
use crate::drill::perform::Failure;
use crate::plan::shown;
use crate::rig::{Stage, Trouble};

/// How long giving everything back may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(120);

/// The time between two looks at the machine.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How programs say that a disk is full: the system's own words, and PostgreSQL's. The last is said
/// by a server that lets somebody in, and without the system's words behind it.
const FULL_DISK: [&str; 4] =
    ["No space left on device", "wrote only", "Disk quota exceeded", "could not write init file"];

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
    let watched = Watched::default();
    let (end, fault) = tokio::select! {
        biased;
        never = watch(stage, &began, &watched) => match never {},
        () = wished => (End::Interrupted, None),
        ended = guarded => match ended {
            Ok(Ok(())) => (End::Completed, None),
            Ok(Err(failure)) => (End::Faulted, Some(failure)),
            Err(panic) => (End::Panicked, Some(panicked(&*panic))),
        },
        () = tokio::time::sleep(limit) => (End::TimedOut, Some(out_of_time(stage, limit))),
    };
    // Said first, and whatever became of the drill: what failed on a disk of ours is not blamed on
    // the subject, and a twin that failed of it was not caught.
    if let Some(said) = watched.cramped.into_inner().or_else(|| stage.rig.cramped()) {
        let (cause, during) = (Cause::Rig(RigCause::NoSpace), "the whole drill".to_owned());
        let _ = stage.scoped(Scope::Source).note(Event::Fault(Fault { cause, during, said }));
    }
    if let Some(failure) = fault {
        let fault = Fault {
            cause: failure.trouble.cause,
            during: failure.during,
            said: stage.redactor.clean(&failure.trouble.said),
        };
        if let Some(ours) = behind(stage, &fault).await {
            let _ = stage.scoped(Scope::Source).note(Event::Fault(ours));
        }
        // A journal that cannot be written has no end: that is read as unknown, never as passed.
        let _ = stage.scoped(failure.scope).note(Event::Fault(fault));
    }
    if let Some(clocks) = watched.clocks.into_inner().or_else(|| began.until(&Reading::take())) {
        let _ = stage.scoped(Scope::Source).note(Event::Clocks(clocks));
    }
    let _ = stage.scoped(Scope::Source).note(Event::Ended { how: end });
    end
}

/// The fault of the ground behind one of the subject's, or behind time that nobody's work took, if
/// there is one.
pub(super) async fn behind(stage: &Stage, fault: &Fault) -> Option<Fault> {
    let (Cause::Subject(_) | Cause::Rig(RigCause::TimeLimit)) = fault.cause else { return None };
    if let Some(full) = no_room(fault) {
        return Some(full);
    }
    let (cause, said) = (Cause::Rig(RigCause::EngineApi), stage.rig.silent().await?);
    Some(Fault { cause, during: fault.during.clone(), said })
}

/// The fault of the ground behind one of the subject's, where the words of the program that failed
/// say that there was no room: every disk of a drill is ours.
fn no_room(fault: &Fault) -> Option<Fault> {
    let Cause::Subject(_) = fault.cause else { return None };
    full_by(&fault.said, &fault.during)
}

/// The fault of the ground that these words tell of, if they do.
pub(super) fn full_by(words: &str, during: &str) -> Option<Fault> {
    let full = FULL_DISK.iter().any(|said| words.contains(said));
    let said = "the ground of the drill is full, by what was said".to_owned();
    let cause = Cause::Rig(RigCause::NoSpace);
    full.then(|| Fault { cause, during: during.to_owned(), said })
}

/// What was seen of the machine while the drill went on, the first of each.
#[derive(Default)]
struct Watched {
    /// What the ground ran out of.
    cramped: OnceLock<String>,
    /// What the clocks did.
    clocks: OnceLock<Clocks>,
}

/// Looks again and again: what failed for want of room is often given back, and there is room
/// again; a clock that was set is often set back.
async fn watch(stage: &Stage, began: &Reading, watched: &Watched) -> Infallible {
    loop {
        if let Some(said) = stage.rig.cramped() {
            let _ = watched.cramped.set(said);
        }
        if let Some(clocks) = began.until(&Reading::take()) {
            let _ = watched.clocks.set(clocks);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(cause: Cause, said: &str) -> Fault {
        Fault { cause, during: "a restore".to_owned(), said: said.to_owned() }
    }

    #[test]
    fn what_fails_for_want_of_room_is_the_grounds_fault_and_nothing_else_is() {
        let subject = Cause::Subject(SubjectCause::Server);
        let words = ["write: No space left on device", "could not extend: wrote only 4096 of 8192"];
        for said in words {
            let ours = no_room(&fault(subject, said)).expect("the ground's");
            assert_eq!(ours.cause, Cause::Rig(RigCause::NoSpace), "{said}");
            assert_eq!(no_room(&fault(Cause::Rig(RigCause::EngineApi), said)), None);
        }
        assert_eq!(no_room(&fault(subject, "it ended with status 1")), None);
        let of_a_session = "XX000: in database `template1`: could not write init file";
        assert!(full_by(of_a_session, "the questions").is_some());
    }
}
