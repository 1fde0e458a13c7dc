//! Judging: everything that was found, and the worst of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::case::{Case, Record};
use crate::finding::{Blame, Finding, Status};
use crate::journal::{Event, Scope};
use crate::objective::{self, Measured, Objective};
use crate::verdict::{
    ControlOutcome, ControlResult, Judgement, Verdict, canary, checked, conduct, controls,
};

/// Judges a drill. The last recovery is checked in full; the checks of a must-fail twin are the
/// same ones, on its own answers.
pub fn judge(record: &Record) -> Judgement {
    let last = u32::try_from(record.brief.recoveries.len()).unwrap_or(u32::MAX);
    let scope = Scope::Recovery(last);
    let case = Case { record, scope: &scope };
    let spoiled = spoiled_before_answers(&case);

    let mut findings = conduct::findings(record);
    let checked = checked::findings(&case).into_iter();
    findings.extend(checked.map(|finding| if spoiled { excused(finding) } else { finding }));
    let green = findings.iter().all(|finding| finding.status == Status::Held);
    let controls = controls::results(record, green);
    if green {
        findings.extend(controls::findings(record, &controls));
    }
    let (objectives, measured) = objectives(&case, spoiled);

    let verdict = worst(&findings, &objectives);
    Judgement {
        verdict,
        because: because(verdict, record, &findings, &objectives, &controls),
        ended: conduct::ended(record),
        canary: canary::canary(record.brief.must_fail.as_ref(), verdict, &findings, &objectives),
        shown_able_to_fail: controls.iter().any(|c| c.result == ControlOutcome::Caught),
        findings,
        objectives,
        measured,
        controls,
    }
}

/// Whether the rig failed before the last answer of this recovery was given.
fn spoiled_before_answers(case: &Case<'_>) -> bool {
    let answered = case.record.lines.iter().rposition(|line| {
        line.scope == *case.scope && matches!(line.event, Event::Answered { .. })
    });
    let spoiled = conduct::spoiled_at(case.record);
    spoiled.is_some_and(|spoiled| answered.is_none_or(|answered| spoiled < answered))
}

/// What is broken behind a failure of the rig may be broken because of it.
fn excused(finding: Finding) -> Finding {
    if finding.status == Status::Broken { finding.of_the_rig() } else { finding }
}

/// The objectives. One that was wanted and is not judged is unknown.
fn objectives(case: &Case<'_>, spoiled: bool) -> (Vec<Objective>, Measured) {
    let mut measured = Measured::default();
    let judged = catch_unwind(AssertUnwindSafe(|| measure(case, &mut measured)));
    let (rto, rpo) = judged.unwrap_or_default();
    let wanted = &case.brief().objectives;
    let both = [("rto", wanted.rto_s, rto), ("rpo", wanted.rpo_s, rpo)];
    let judged = both.into_iter().filter_map(|(name, wanted_s, judged)| {
        let unjudged = |wanted_s: f64| Objective {
            name: name.to_owned(),
            wanted_s,
            status: Status::Unknown,
            said: "it was not measured".to_owned(),
        };
        let mut objective = judged.or_else(|| wanted_s.map(unjudged))?;
        if spoiled && objective.status == Status::Broken {
            objective.status = Status::Unknown;
            objective.said.push_str(", after the rig had failed");
        }
        Some(objective)
    });
    (judged.collect(), measured)
}

/// What the two objectives come to.
fn measure(case: &Case<'_>, measured: &mut Measured) -> (Option<Objective>, Option<Objective>) {
    (objective::rto(case, measured), objective::rpo(case, measured))
}

/// Broken by the subject, then anything that does not hold, then passed.
fn worst(findings: &[Finding], objectives: &[Objective]) -> Verdict {
    let of_finding = |finding: &Finding| match (finding.status, finding.blame) {
        (Status::Broken, Blame::Subject) => Verdict::Failed,
        (Status::Held, _) => Verdict::Passed,
        _ => Verdict::Unknown,
    };
    let of_objective = |objective: &Objective| match objective.status {
        Status::Broken => Verdict::Failed,
        Status::Unknown => Verdict::Unknown,
        Status::Held => Verdict::Passed,
    };
    let all = findings.iter().map(of_finding).chain(objectives.iter().map(of_objective));
    // No finding at all is no proof of anything.
    all.max().unwrap_or(Verdict::Unknown)
}

/// The first reason of the worst kind, in one sentence; for a pass, what was proved.
fn because(
    verdict: Verdict,
    record: &Record,
    findings: &[Finding],
    objectives: &[Objective],
    controls: &[ControlResult],
) -> String {
    if verdict == Verdict::Passed {
        return proved(record, controls);
    }
    let counts = |finding: &&Finding| match verdict {
        Verdict::Failed => finding.status == Status::Broken && finding.blame == Blame::Subject,
        _ => finding.status != Status::Held,
    };
    let of_finding = findings.iter().find(counts).map(|f| format!("{}: {}", f.check, f.said));
    let wanted = if verdict == Verdict::Failed { Status::Broken } else { Status::Unknown };
    let of_objective = || {
        let objective = objectives.iter().find(|objective| objective.status == wanted)?;
        Some(format!("{}: {}", objective.name, objective.said))
    };
    of_finding.or_else(of_objective).unwrap_or_else(|| "nothing was found".to_owned())
}

fn proved(record: &Record, controls: &[ControlResult]) -> String {
    let checks = record.brief.checks.len();
    let caught = controls.iter().filter(|c| c.result == ControlOutcome::Caught).count();
    let apply = controls.iter().filter(|c| c.result != ControlOutcome::Inapplicable).count();
    let twins = if apply == 0 {
        "no must-fail twin was run, so it is not shown able to fail".to_owned()
    } else {
        format!("{caught} of {apply} must-fail twins were caught")
    };
    format!("all {checks} checks held, and {twins}")
}
