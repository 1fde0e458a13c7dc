//! The words that all reports share: none of them says a verdict in another way.

use crate::check::Spec;
use crate::finding::{Blame, Finding, Status};
use crate::journal::{Cause, End, RigCause, SubjectCause, Tick};
use crate::report::{Drill, Run};
use crate::verdict::{ControlOutcome, Verdict};

/// What stands beside every verdict of a drill none of whose controls was caught.
pub(super) const NOT_SHOWN: &str = "not shown able to fail";

/// The word for a verdict.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Unknown => "unknown",
        Verdict::Failed => "failed",
    }
}

/// The word for a status.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Held => "held",
        Status::Unknown => "unknown",
        Status::Broken => "broken",
    }
}

/// What a finding says of the subject: what the rig broke could not be told.
pub(super) fn standing(finding: &Finding) -> Status {
    match (finding.status, finding.blame) {
        (Status::Broken, Blame::Rig) => Status::Unknown,
        (status, _) => status,
    }
}

/// The word for what came of a control.
pub(super) fn control(outcome: ControlOutcome) -> &'static str {
    match outcome {
        ControlOutcome::Caught => "caught",
        ControlOutcome::CaughtOtherwise => "caught otherwise",
        ControlOutcome::Missed => "missed",
        ControlOutcome::Ineffective => "ineffective",
        ControlOutcome::Inapplicable => "not applicable",
        ControlOutcome::Unknown => "unknown",
    }
}

/// What a stage of a recovery means.
pub(super) fn tick(tick: Tick) -> &'static str {
    match tick {
        Tick::Begun => "recovery begun",
        Tick::Provisioned => "fresh ground stands",
        Tick::Located => "target located",
        Tick::Fetched => "backup in place",
        Tick::Started => "server started",
        Tick::Reads => "reads good",
        Tick::Promoted => "promoted",
        Tick::Loaded => "loaded into the living database",
        Tick::Verified => "every question answered",
    }
}

/// How a drill ended.
pub(super) fn end(end: End) -> &'static str {
    match end {
        End::Completed => "completed",
        End::Faulted => "stopped by a fault",
        End::Interrupted => "stopped by a signal",
        End::TimedOut => "stopped when its time was up",
        End::Panicked => "stopped by a panic of ours",
    }
}

/// Whose failure it is, and of what kind.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Subject(SubjectCause::Command) => "subject: a command failed",
        Cause::Subject(SubjectCause::TimeLimit) => "subject: not finished within its time limit",
        Cause::Subject(SubjectCause::Server) => "subject: the server",
        Cause::Subject(SubjectCause::Target) => "subject: no target found",
        Cause::Rig(RigCause::EngineApi) => "rig: an error of the container engine",
        Cause::Rig(RigCause::NotExecutable) => "rig: a command could not be executed",
        Cause::Rig(RigCause::OutOfMemory) => "rig: out of memory",
        Cause::Rig(RigCause::NoSpace) => "rig: no space on a volume the rig sized",
        Cause::Rig(RigCause::Signal) => "rig: a signal that we sent",
        Cause::Rig(RigCause::Panic) => "rig: a panic of ours",
        Cause::Rig(RigCause::TimeLimit) => "rig: a time limit outside the subject's commands",
        Cause::Rig(RigCause::NotADrill) => "rig: the drill was not one",
    }
}

/// The controls of a drill in one line: how many were caught, and by what.
pub(super) fn controls(drill: &Drill) -> String {
    let performed = &drill.judgement.controls;
    if performed.is_empty() {
        let planned = drill.brief.controls.len();
        let none = format!("none of {planned} performed, {NOT_SHOWN}");
        return if planned == 0 { NOT_SHOWN.to_owned() } else { none };
    }
    let caught = performed.iter().filter(|c| c.result == ControlOutcome::Caught).count();
    let apply = performed.iter().filter(|c| c.result != ControlOutcome::Inapplicable).count();
    let line = format!("{caught} of {apply} caught");
    if drill.judgement.shown_able_to_fail { line } else { format!("{line}, {NOT_SHOWN}") }
}

/// The checks of a drill that none of its controls turned red, in one line.
pub(super) fn unproven(drill: &Drill) -> String {
    let red = |name: &str| {
        drill.judgement.controls.iter().any(|control| control.red.iter().any(|red| red == name))
    };
    let all = drill.brief.checks.iter().map(Spec::name);
    all.filter(|name| !red(name)).collect::<Vec<_>>().join(", ")
}

/// What a run came to, in a word and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Headline {
    /// One word, in capitals on a terminal.
    pub(super) word: &'static str,
    /// The sentence that follows it.
    pub(super) said: String,
    /// How it is coloured.
    pub(super) tone: Verdict,
}

impl Headline {
    /// What `run` came to: its exit status says so, and its drills must agree.
    pub(super) fn of(run: &Run) -> Headline {
        let number = |wanted| run.drills.iter().filter(|d| d.judgement.verdict == wanted).count();
        let total = run.drills.len();
        let tally = [Verdict::Failed, Verdict::Unknown, Verdict::Passed]
            .into_iter()
            .map(|wanted| (number(wanted), verdict(wanted)))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect::<Vec<_>>()
            .join(", ");
        let all_passed = total > 0 && number(Verdict::Passed) == total;
        let tally = match total {
            0 => "no drill was performed".to_owned(),
            1 => format!("1 drill {}", tally.trim_start_matches("1 ")),
            _ if all_passed => format!("all {total} drills passed"),
            _ => format!("{total} drills: {tally}"),
        };
        let (word, tone, said) = match run.exit {
            0 if all_passed => ("passed", Verdict::Passed, tally),
            0 => ("our bug", Verdict::Failed, format!("{tally}, and yet the exit status is 0")),
            1 => ("failed", Verdict::Failed, tally),
            2 => ("refused", Verdict::Failed, "the scenarios or arguments are wrong".to_owned()),
            3 => ("unknown", Verdict::Unknown, format!("{tally}; what is unknown is no success")),
            4 => ("nothing run", Verdict::Unknown, format!("{tally}; that is never a success")),
            70 => ("our bug", Verdict::Failed, format!("{tally}; pgrehearse itself went wrong")),
            130 | 143 => ("interrupted", Verdict::Unknown, format!("{tally} until then")),
            _ => ("failed", Verdict::Failed, tally),
        };
        Headline { word, said, tone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(exit: u8) -> Run {
        Run {
            format: 1,
            id: "r".to_owned(),
            tool: "0.1.0".to_owned(),
            began: "2026-11-03T09:00:00Z".to_owned(),
            took_s: 1.0,
            rig: "local".to_owned(),
            seed: 1,
            drills: vec![],
            not_drilled: vec![],
            exit,
        }
    }

    #[test]
    fn a_run_without_a_drill_is_never_said_to_have_passed() {
        for exit in 0..=255 {
            assert_ne!(Headline::of(&run(exit)).word, "passed", "exit {exit}");
            assert_ne!(Headline::of(&run(exit)).tone, Verdict::Passed, "exit {exit}");
        }
    }

    #[test]
    fn each_exit_status_has_a_word_of_its_own() {
        let words = [1, 2, 3, 4, 70, 130].map(|exit| Headline::of(&run(exit)).word);
        assert_eq!(
            words,
            ["failed", "refused", "unknown", "nothing run", "our bug", "interrupted"]
        );
    }
}
