//! results.json: the run itself, for programs. Other reports can be made again from it.

use crate::clean;
use crate::finding::Finding;
use crate::report::Run;

/// Bytes of one text, at most.
const TEXT_MAX: usize = 64 << 10;
/// Further lines of one finding, at most.
const DETAILS_MAX: usize = 1_000;

/// The run as JSON, fields in the order of [`Run`], with overlong texts cut in the middle.
pub fn json(run: &Run) -> String {
    let mut run = run.clone();
    for drill in &mut run.drills {
        let judgement = &mut drill.judgement;
        cut(&mut judgement.because);
        judgement.findings.iter_mut().for_each(cut_finding);
        for objective in &mut judgement.objectives {
            cut(&mut objective.said);
        }
        for control in &mut judgement.controls {
            cut(&mut control.harm);
            cut(&mut control.change);
            cut(&mut control.said);
        }
        cut(&mut judgement.measured.exposure_because);
        drill.timeline.iter_mut().for_each(|(_, text)| cut(text));
        drill.faults.iter_mut().for_each(cut);
        drill.remarks.iter_mut().for_each(cut);
        drill.facts.iter_mut().for_each(|(_, value)| cut(value));
    }
    for not_drilled in &mut run.not_drilled {
        cut(&mut not_drilled.why);
    }
    let mut text = serde_json::to_string_pretty(&run)
        .expect("a run is made of texts, numbers and maps whose keys are texts");
    text.push('\n');
    text
}

fn cut_finding(finding: &mut Finding) {
    cut(&mut finding.said);
    cut(&mut finding.subject);
    let number = finding.details.len();
    if number > DETAILS_MAX {
        finding.details.truncate(DETAILS_MAX);
        finding.details.push(format!("… and {} more", number - DETAILS_MAX));
    }
    finding.details.iter_mut().for_each(cut);
}

fn cut(text: &mut String) {
    if text.len() > TEXT_MAX {
        *text = clean::bounded(text, TEXT_MAX).into_owned();
    }
}
