//! Figures: what was measured in each round, their median and spread, and how they are shown.

use std::fmt;
use std::time::Duration;

/// One figure of each round.
#[derive(Debug, Clone, Default)]
pub struct Figures(pub Vec<f64>);

impl Figures {
    /// The middle one; not a number where there is none.
    pub fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// The figure that this share of the others does not exceed.
    pub fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * share).round() as usize).copied().unwrap_or(f64::NAN)
    }

    /// Round by round, ours divided by theirs.
    pub fn over(&self, floor: &Figures) -> Figures {
        Figures(self.0.iter().zip(&floor.0).map(|(ours, floor)| ours / floor).collect())
    }

    pub fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64());
    }

    pub fn scaled(&self, by: f64) -> Figures {
        Figures(self.0.iter().map(|figure| figure * by).collect())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.at(0.0), self.at(1.0));
        write!(f, "{:.3} [{low:.3}–{high:.3}] n={}", self.median(), self.0.len())
    }
}

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    AtMost(f64),
    AtLeast(f64),
    /// It is only told.
    Told,
}

/// One line of the result.
pub struct Outcome {
    pub goal: &'static str,
    pub measured: String,
    pub floor: String,
    /// `None`: it could not be measured, and `note` says why.
    pub figures: Option<Figures>,
    pub unit: &'static str,
    pub wanted: Wanted,
    pub note: String,
}

impl Outcome {
    pub fn missing(goal: &'static str, why: &str) -> Outcome {
        Outcome {
            goal,
            measured: "-".to_owned(),
            floor: "-".to_owned(),
            figures: None,
            unit: "",
            wanted: Wanted::Told,
            note: why.to_owned(),
        }
    }

    fn wanted(&self) -> String {
        match self.wanted {
            Wanted::AtMost(most) => format!("≤ {most}{}", self.unit),
            Wanted::AtLeast(least) => format!("≥ {least}{}", self.unit),
            Wanted::Told => "told".to_owned(),
        }
    }

    fn said(&self) -> &'static str {
        let Some(figures) = &self.figures else { return "not measured" };
        let median = figures.median();
        match self.wanted {
            Wanted::AtMost(most) if median <= most => "reached",
            Wanted::AtLeast(least) if median >= least => "reached",
            Wanted::Told => "",
            _ => "fell short",
        }
    }

    pub fn print(&self) {
        println!("  {} {}", self.goal, self.measured);
        println!("      floor: {}", self.floor);
        match &self.figures {
            Some(figures) => {
                let (wanted, said) = (self.wanted(), self.said());
                println!("      {figures}{}; goal {wanted}: {said}", self.unit);
            }
            None => println!("      not measured"),
        }
        if !self.note.is_empty() {
            println!("      {}", self.note);
        }
    }
}

/// All outcomes as a table, to be kept.
pub fn table(outcomes: &[Outcome]) -> String {
    let mut text = "| goal | measured | floor | median [min–max] | wanted | |\n\
                    | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for outcome in outcomes {
        let Outcome { goal, measured, floor, unit, .. } = outcome;
        let figures = outcome.figures.as_ref().map_or("-".to_owned(), Figures::to_string);
        let (wanted, said) = (outcome.wanted(), outcome.said());
        text +=
            &format!("| {goal} | {measured} | {floor} | {figures}{unit} | {wanted} | {said} |\n");
    }
    text
}
