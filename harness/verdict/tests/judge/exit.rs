//! The exit status a run earns.

use pgrehearse_verdict::journal::End;
use pgrehearse_verdict::verdict::{Canary, Earned, Judgement, Verdict, exit};

use crate::story::Story;

/// A judgement of which only what decides the exit status is looked at.
fn judged(verdict: Verdict, ended: End, as_it_must: Option<bool>) -> Judgement {
    Judgement {
        verdict,
        ended: Some(ended),
        canary: as_it_must.map(|as_it_must| Canary { by: vec!["rpo".to_owned()], as_it_must }),
        ..Story::latest().judge()
    }
}

fn done(verdict: Verdict) -> Judgement {
    judged(verdict, End::Completed, None)
}

#[test]
fn a_drill_earns_what_its_verdict_says() {
    for (judgement, wanted) in [
        (done(Verdict::Passed), 0),
        (done(Verdict::Failed), 1),
        (done(Verdict::Unknown), 3),
        (judged(Verdict::Unknown, End::Interrupted, None), 130),
        (judged(Verdict::Unknown, End::Panicked, None), 70),
        (judged(Verdict::Failed, End::Panicked, None), 70),
        (judged(Verdict::Failed, End::Completed, Some(true)), 1),
        (judged(Verdict::Failed, End::Completed, Some(false)), 70),
        (judged(Verdict::Passed, End::Completed, Some(false)), 70),
        (judged(Verdict::Unknown, End::Completed, Some(false)), 3),
        (judged(Verdict::Unknown, End::Interrupted, Some(false)), 130),
    ] {
        let earned = Earned { judgements: &[&judgement], ..Earned::default() };
        assert_eq!(exit(&earned), wanted, "{:?} {:?}", judgement.verdict, judgement.canary);
    }
}

#[test]
fn the_worst_of_a_run_decides() {
    let (passed, failed) = (done(Verdict::Passed), done(Verdict::Failed));
    let unknown = done(Verdict::Unknown);
    let bug = judged(Verdict::Passed, End::Completed, Some(false));
    let earned = |judgements: &[&Judgement], interrupted| {
        exit(&Earned { judgements, interrupted, ..Earned::default() })
    };
    assert_eq!(earned(&[&passed, &passed], None), 0);
    assert_eq!(earned(&[&passed, &unknown], None), 3);
    assert_eq!(earned(&[&unknown, &failed, &passed], None), 1);
    assert_eq!(earned(&[&failed], Some(130)), 130);
    assert_eq!(earned(&[&failed], Some(143)), 143);
    assert_eq!(earned(&[&bug, &failed], Some(130)), 70);
    assert_eq!(earned(&[], Some(130)), 130);
}

#[test]
fn a_signal_that_ended_the_run_decides_which_interruption_it_was() {
    let interrupted = judged(Verdict::Unknown, End::Interrupted, None);
    let judgements = [&interrupted];
    for (signal, wanted) in [(None, 130), (Some(130), 130), (Some(143), 143), (Some(9), 130)] {
        let earned = Earned { judgements: &judgements, interrupted: signal, ..Earned::default() };
        assert_eq!(exit(&earned), wanted);
    }
}

#[test]
fn nothing_run_is_never_a_success() {
    assert_eq!(exit(&Earned::default()), 4);
    assert_eq!(exit(&Earned { not_drilled: 3, ..Earned::default() }), 4);
}

#[test]
fn what_this_rig_cannot_do_counts_only_where_all_was_required() {
    let (passed, failed) = (done(Verdict::Passed), done(Verdict::Failed));
    let unknown = done(Verdict::Unknown);
    for (judgement, require_all, wanted) in
        [(&passed, false, 0), (&passed, true, 4), (&unknown, true, 3), (&failed, true, 1)]
    {
        let judgements = [judgement];
        let earned =
            Earned { judgements: &judgements, not_drilled: 1, require_all, ..Earned::default() };
        assert_eq!(exit(&earned), wanted);
    }
}

#[test]
fn a_bug_outside_of_any_drill_outweighs_all() {
    let passed = done(Verdict::Passed);
    assert_eq!(exit(&Earned { judgements: &[&passed], bug: true, ..Earned::default() }), 70);
}
