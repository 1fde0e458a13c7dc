//! What the page shows, as texts in their places; how it looks is the templates' business.

use askama::Template;

use crate::clean;
use crate::report::cells::{Cells, HEADS, cells};
use crate::report::html::comparison::{self, CheckRow, more};
use crate::report::html::matrix::Matrix;
use crate::report::html::timeline::Picture;
use crate::report::html::untested::untested;
use crate::report::words::{self, Headline};
use crate::report::{Drill, Run, figures};
use crate::verdict::ControlOutcome;

/// Bytes of one text, at most.
pub(super) const TEXT_MAX: usize = 1 << 10;
/// Rows of one list, at most.
const ROWS_MAX: usize = 500;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page {
    headline: Headline,
    tone: &'static str,
    id: String,
    tool: String,
    began: String,
    took: String,
    rig: String,
    seed: u64,
    exit: u8,
    drills: Vec<DrillPage>,
    cells: Vec<Cells>,
    heads: [&'static str; 8],
    not_drilled: Vec<(String, String)>,
    not_drilled_more: String,
}

struct DrillPage {
    anchor: String,
    name: String,
    verdict: &'static str,
    because: String,
    why: String,
    /// Empty, or `not shown able to fail`.
    unproved: &'static str,
    canary: String,
    rto: String,
    rto_judged: Judged,
    observed: String,
    /// How the loss seen is to be read: `(≤ 12 ms between acks)`.
    observed_note: String,
    exposure: String,
    rpo_judged: Judged,
    controls: String,
    checks_held: String,
    objectives: Vec<ObjectiveRow>,
    figures: Vec<(&'static str, String)>,
    picture: Option<Picture>,
    checks: Vec<CheckRow>,
    matrix: Option<Matrix>,
    steps: Vec<String>,
    timeline: Vec<(String, String)>,
    faults: Vec<String>,
    expected: Vec<String>,
    untested: Vec<String>,
    remarks: Vec<String>,
    facts: Vec<(String, String)>,
    provenance: Vec<(&'static str, String)>,
}

/// What became of an objective, for the figure beside it.
struct Judged {
    status: &'static str,
    said: String,
}

struct ObjectiveRow {
    name: String,
    wanted: String,
    status: &'static str,
    said: String,
}

fn text(outside: &str) -> String {
    clean::one_line(outside, TEXT_MAX)
}

fn texts(outside: &[String]) -> Vec<String> {
    let mut rows: Vec<String> = outside.iter().take(ROWS_MAX).map(|row| text(row)).collect();
    let more = more(outside.len(), ROWS_MAX, "lines");
    if !more.is_empty() {
        rows.push(more);
    }
    rows
}

impl Page {
    pub(super) fn of(run: &Run) -> Page {
        let headline = Headline::of(run);
        Page {
            tone: words::verdict(headline.tone),
            headline,
            id: text(&run.id),
            tool: text(&run.tool),
            began: text(&run.began),
            took: figures::duration(run.took_s),
            rig: text(&run.rig),
            seed: run.seed,
            exit: run.exit,
            cells: cells(run),
            heads: HEADS,
            drills: (1..)
                .zip(&run.drills)
                .map(|(at, drill)| DrillPage::of(run, drill, at))
                .collect(),
            not_drilled: run
                .not_drilled
                .iter()
                .take(ROWS_MAX)
                .map(|met| (text(&met.file), text(&met.why)))
                .collect(),
            not_drilled_more: more(run.not_drilled.len(), ROWS_MAX, "scenarios"),
        }
    }
}

impl DrillPage {
    fn of(run: &Run, drill: &Drill, number: usize) -> DrillPage {
        let judgement = &drill.judgement;
        let measured = &judgement.measured;
        let (checks, checks_held) = comparison::checks(drill);
        let rto = judgement.objectives.iter().find(|objective| objective.name == "rto");
        let observed = figures::observed_loss(measured);
        let (observed, observed_note) = match observed.split_once(" (") {
            Some((figure, note)) => (figure.to_owned(), format!("({note}")),
            None => (observed, String::new()),
        };
        let pairs = |pairs: &[(String, String)]| {
            pairs.iter().take(ROWS_MAX).map(|(name, value)| (text(name), text(value))).collect()
        };
        DrillPage {
            anchor: format!("drill-{number}"),
            name: text(&drill.brief.name),
            verdict: words::verdict(judgement.verdict),
            because: text(&judgement.because),
            why: drill.brief.why.as_deref().map(text).unwrap_or_default(),
            unproved: if judgement.shown_able_to_fail { "" } else { words::NOT_SHOWN },
            canary: canary(drill),
            rto: figures::recovery_time(measured),
            rto_judged: judged(drill, "rto"),
            observed,
            observed_note,
            exposure: figures::exposure(measured),
            rpo_judged: judged(drill, "rpo"),
            controls: words::controls(drill),
            checks_held,
            objectives: objectives(drill),
            figures: measured_figures(drill),
            picture: Picture::of(measured, rto.map(|objective| objective.wanted_s)),
            checks,
            matrix: Matrix::of(drill),
            steps: texts(&drill.brief.steps),
            timeline: timeline(drill),
            faults: texts(&drill.faults),
            expected: comparison::expected(drill),
            untested: untested(drill),
            remarks: texts(&drill.remarks),
            facts: pairs(&drill.facts),
            provenance: provenance(run, drill),
        }
    }

    /// Whether a control was missed: a green that could not be believed.
    fn false_green(&self) -> bool {
        let missed = words::control(ControlOutcome::Missed);
        self.matrix.as_ref().is_some_and(|m| m.rows.iter().any(|row| row.outcome == missed))
    }
}

fn judged(drill: &Drill, name: &str) -> Judged {
    match drill.judgement.objectives.iter().find(|objective| objective.name == name) {
        Some(objective) => Judged {
            status: words::status(objective.status),
            said: format!("objective {}", figures::limit(objective.wanted_s)),
        },
        None => Judged { status: "", said: "no objective".to_owned() },
    }
}

fn canary(drill: &Drill) -> String {
    match (&drill.judgement.canary, &drill.brief.must_fail) {
        (Some(canary), _) => {
            let by = text(&canary.by.join(", "));
            let so = if canary.as_it_must { "and it did" } else { "and it did not" };
            format!("A canary: it must fail by {by}, {so}.")
        }
        (None, Some(by)) => format!("A canary: it must fail by {}.", text(&by.join(", "))),
        (None, None) => String::new(),
    }
}

fn objectives(drill: &Drill) -> Vec<ObjectiveRow> {
    let rows = drill.judgement.objectives.iter().take(ROWS_MAX);
    rows.map(|objective| ObjectiveRow {
        name: text(&objective.name.to_uppercase()),
        wanted: format!("at most {}", figures::limit(objective.wanted_s)),
        status: words::status(objective.status),
        said: text(&objective.said),
    })
    .collect()
}

/// The figures, each with how it is to be read.
fn measured_figures(drill: &Drill) -> Vec<(&'static str, String)> {
    let measured = &drill.judgement.measured;
    let (all, before) = measured.acknowledged;
    let (came_back, vanished) = measured.in_doubt;
    let count = figures::count;
    let mut rows = vec![(
        "recovery time: disaster to first acknowledged write",
        figures::recovery_time(measured),
    )];
    if let Some(verified) = measured.verified_s {
        rows.push(("until every question was answered", figures::duration(verified)));
    }
    rows.push(("loss seen in this drill", figures::observed_loss(measured)));
    let because = text(&measured.exposure_because);
    let because = if because.is_empty() { because } else { format!(" ({because})") };
    rows.push(("worst loss this protection allows", figures::exposure(measured) + &because));
    if all > 0 {
        let acknowledged = format!("{}, {} of them before the strike", count(all), count(before));
        rows.push(("transactions acknowledged", acknowledged));
        let given_up = figures::given_up(measured).unwrap_or_else(|| "nothing".to_owned());
        rows.push(("given up by the chosen target", given_up));
        let in_doubt = format!("{} came back, {} did not", count(came_back), count(vanished));
        rows.push(("transactions in doubt", in_doubt));
    } else {
        rows.push(("transactions acknowledged", "none is known of".to_owned()));
    }
    if let Some(bytes) = measured.database_bytes {
        rows.push(("size that was drilled", figures::size(bytes)));
    }
    rows
}

fn timeline(drill: &Drill) -> Vec<(String, String)> {
    let entries = drill.timeline.iter().take(ROWS_MAX + 1);
    entries.map(|(at_s, said)| (format!("{at_s:.3}"), text(said))).collect()
}

fn provenance(run: &Run, drill: &Drill) -> Vec<(&'static str, String)> {
    let brief = &drill.brief;
    let disasters: Vec<&str> = brief.disasters.iter().map(|d| d.text.as_str()).collect();
    let targets: Vec<&str> = brief.recoveries.iter().map(|r| r.target.as_str()).collect();
    vec![
        ("run", text(&run.id)),
        ("folder", text(&drill.folder)),
        ("scenario", text(&brief.file)),
        ("scenario SHA-256", text(&brief.scenario_sha256)),
        ("tags", text(&brief.tags.join(", "))),
        ("seed of the drill", brief.seed.to_string()),
        ("judged by", format!("pgrehearse {}", text(&run.tool))),
        ("rig", text(&brief.rig)),
        ("PostgreSQL", brief.postgres.to_string()),
        ("engine", text(&brief.engine)),
        ("fixture", text(&brief.fixture)),
        ("disaster", text(&disasters.join("; "))),
        ("recovered to", text(&targets.join("; "))),
        ("took", figures::duration(drill.took_s)),
        ("ended", drill.judgement.ended.map_or("not known", words::end).to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}
