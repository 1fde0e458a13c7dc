//! Whole drills whose restore, backup or archive is spoiled from outside, in ways that stand in no
//! list of ours: none of them may pass. Some are tried always, all by the full matrix.

mod attacks {
    mod ground;
    mod list;

    use std::collections::VecDeque;
    use std::sync::Mutex;

    use pgrehearse_testkit::{Needs, full, set_up};

    use ground::{Outcome, perform};
    use list::Attack;

    /// Drills under way at a time.
    const AT_ONCE: usize = 2;

    fn needs() {
        set_up(&[Needs::Postgres, Needs::PgBackRest]);
    }

    #[test]
    fn a_drill_that_nobody_spoils_passes() {
        needs();
        for scenario in ["undone", "latest", "unsummed"].iter().take(if full() { 3 } else { 1 }) {
            let outcome = perform(scenario, None);
            assert_eq!(outcome.exit, Some(0), "{scenario}: {}", outcome.said);
        }
    }

    /// Why an attack did not go as it should, if it did not.
    fn complaint(attack: &Attack, outcome: &Outcome) -> Option<String> {
        let Outcome { exit, done, said, worst } = outcome;
        let name = attack.name;
        let caught = attack.caught_by.iter().any(|check| worst.iter().any(|it| it == check));
        if !done {
            Some(format!("{name}: the attack itself failed: {said}"))
        } else if *exit == Some(0) {
            Some(format!("{name}: FALSE GREEN"))
        } else if !matches!(exit, Some(1 | 3)) {
            Some(format!("{name}: exit {exit:?}: {said}"))
        } else if !caught {
            Some(format!("{name}: caught by {worst:?}, wanted one of {:?}", attack.caught_by))
        } else {
            None
        }
    }

    #[test]
    fn no_spoiled_drill_passes() {
        needs();
        let only = std::env::var("PGREHEARSE_ATTACK").ok();
        let wanted = list::all().filter(|attack| match &only {
            Some(only) => only.split(',').any(|name| attack.name == name),
            None => full() || attack.always,
        });
        let left: Mutex<VecDeque<&Attack>> = Mutex::new(wanted.collect());
        let complaints = Mutex::new(vec![]);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let Some(attack) = left.lock().unwrap().pop_front() else { break };
                        let outcome = perform(attack.scenario, Some(attack));
                        let Outcome { exit, worst, .. } = &outcome;
                        eprintln!("{}: exit {exit:?}, {worst:?}", attack.name);
                        complaints.lock().unwrap().extend(complaint(attack, &outcome));
                    }
                });
            }
        });
        let complaints = complaints.into_inner().unwrap();
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }
}
