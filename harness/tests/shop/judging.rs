//! Judging what the shop's server said, by the checks of the verdict.

use std::collections::BTreeMap;

use pgrehearse::plan::{Ground, lower};
use pgrehearse::scenario::read;
use pgrehearse_verdict::case::{Case, Record};
use pgrehearse_verdict::check::Spec;
use pgrehearse_verdict::finding::{Finding, Status};
use pgrehearse_verdict::journal::{Event, Scope};
use pgrehearse_verdict::ledger::LedgerError;
use pgrehearse_verdict::question::Answer;

use super::Shop;

impl Shop {
    /// What these checks find in the journal so far. The same server stands for the source and
    /// for what came back.
    pub fn judged(&self, checks: &[&str]) -> Vec<Finding> {
        let ground = Ground {
            rig: "local",
            majors: vec![self.major()],
            default_major: self.major(),
            seed: 7,
            fixtures_dir: "../fixtures".into(),
        };
        let scenario = read("../scenarios/dropped-table.yaml".as_ref()).unwrap();
        let plan = lower(&scenario, &ground).unwrap().remove(0);
        let lines = self.journal();
        let mut answers = BTreeMap::new();
        for line in &lines {
            if let Event::Answered { answer: answer @ Answer::Stored { sha256, .. }, .. } =
                &line.event
            {
                answers.insert(sha256.clone(), self.rows(answer));
            }
        }
        let (brief, brief_sha256) = (plan.brief, String::new());
        let ledger = Err(LedgerError::Missing);
        let record = Record { brief, brief_sha256, lines, ledger, answers };
        let case = Case { record: &record, scope: &Scope::Source };
        let checks = Spec::standard().into_iter().filter(|spec| checks.contains(&spec.name()));
        checks.flat_map(|spec| spec.judge(&case)).collect()
    }
}

/// Everything that is not held, as lines.
pub fn amiss(found: &[Finding]) -> Vec<String> {
    let amiss = found.iter().filter(|finding| finding.status != Status::Held);
    let line = |it: &Finding| format!("{:?} {} {} {}", it.status, it.check, it.code, it.subject);
    amiss.map(line).collect()
}

/// How often a code was held.
pub fn held(found: &[Finding], code: &str) -> usize {
    found.iter().filter(|it| it.status == Status::Held && it.code == code).count()
}
