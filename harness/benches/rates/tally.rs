//! What became of the drawn drills.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::bounds::upper;

/// What was counted.
#[derive(Default)]
pub struct Tally {
    healthy: usize,
    spoiled: usize,
    /// Healthy drills that were not green, and why.
    false_reds: Vec<String>,
    /// Spoiled ones that were.
    false_greens: Vec<String>,
    /// Twins that show nothing, by what came of them.
    aside: BTreeMap<String, usize>,
    /// Catchers, and how often each was red.
    red: BTreeMap<String, usize>,
}

impl Tally {
    /// Whether there are enough of both.
    pub fn has(&self, healthy: usize, spoiled: usize) -> bool {
        self.healthy >= healthy && self.spoiled >= spoiled
    }

    /// Whether neither a false red nor a false green was seen.
    pub fn is_clean(&self) -> bool {
        self.false_reds.is_empty() && self.false_greens.is_empty()
    }

    /// A line for whoever waits.
    pub fn so_far(&self) -> String {
        let (reds, greens) = (self.false_reds.len(), self.false_greens.len());
        let (healthy, spoiled) = (self.healthy, self.spoiled);
        format!("{healthy} healthy, {reds} not green; {spoiled} spoiled, {greens} not red")
    }

    /// Counts one drill and its twins.
    pub fn count(&mut self, text: &str, seed: usize, done: Result<Value, String>) {
        self.healthy += 1;
        let drawn = format!("seed {seed}\n{text}");
        let judgement = match &done {
            Ok(results) => &results["drills"][0]["judgement"],
            Err(said) => return self.false_reds.push(format!("{drawn}{said}")),
        };
        let findings = judgement["findings"].as_array().cloned().unwrap_or_default();
        let objectives = judgement["objectives"].as_array().cloned().unwrap_or_default();
        // What came of the twins is no matter of the healthy drill's.
        let own = findings.iter().filter(|finding| finding["check"] != "controls");
        let bad: Vec<_> = own.chain(&objectives).filter(|it| it["status"] != "held").collect();
        if findings.is_empty() || !bad.is_empty() {
            self.false_reds.push(format!("{drawn}{bad:#?}"));
        }
        for control in judgement["controls"].as_array().into_iter().flatten() {
            let result = control["result"].as_str().unwrap_or("nothing").to_owned();
            if !["caught", "caught_otherwise", "missed"].contains(&result.as_str()) {
                let id = control["id"].as_str().unwrap_or_default();
                *self.aside.entry(format!("{result}: {id}")).or_default() += 1;
                continue;
            }
            self.spoiled += 1;
            if result == "missed" {
                self.false_greens.push(format!("{drawn}{control:#}"));
            }
            for check in control["red"].as_array().into_iter().flatten() {
                *self.red.entry(check.as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        eprintln!("{} healthy, {} spoiled", self.healthy, self.spoiled);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, seen) in [("false red", &self.false_reds), ("false green", &self.false_greens)] {
            seen.iter().try_for_each(|one| writeln!(f, "{what}:\n{one}\n"))?;
        }
        let rate = |seen: &[String], all: usize| {
            format!(
                "{} of {all}, at most {:.2} % (95 %)",
                seen.len(),
                100.0 * upper(seen.len(), all)
            )
        };
        writeln!(
            f,
            "healthy drills that were not green: {}",
            rate(&self.false_reds, self.healthy)
        )?;
        writeln!(
            f,
            "spoiled drills that were green:     {}",
            rate(&self.false_greens, self.spoiled)
        )?;
        let list = |counts: &BTreeMap<String, usize>| {
            let each = counts.iter().map(|(name, count)| format!("{name} {count}"));
            each.collect::<Vec<_>>().join(", ")
        };
        writeln!(f, "red: {}", list(&self.red))?;
        writeln!(f, "twins that show nothing: {}", list(&self.aside))
    }
}
