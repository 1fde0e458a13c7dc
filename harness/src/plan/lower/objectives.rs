//! What the user wants held.

use pgrehearse_verdict::brief::Objectives;

use crate::plan::lower::complaints::Complaints;
use crate::scenario::{Code, File, Pinned, duration, size};

pub(super) fn lower(file: &File, complaints: &mut Complaints) -> Objectives {
    let mut lowered = Objectives::default();
    if let Some(objectives) = &file.objectives {
        let wanted = &objectives.value;
        lowered.rto_s = seconds(wanted.rto.as_ref(), complaints);
        lowered.rpo_s = seconds(wanted.rpo.as_ref(), complaints);
        if wanted.rto.is_none() && wanted.rpo.is_none() {
            complaints
                .add(Code::BadObjective, &objectives.at, "no objective is named")
                .hint("name `rto: 4h`, `rpo: 5m` or both, or leave `objectives:` out");
        }
        if let Some(assumed) = &wanted.assumed {
            let (detection, decision) = (assumed.detection.as_ref(), assumed.decision.as_ref());
            lowered.assumed_detection_s = seconds(detection, complaints);
            lowered.assumed_decision_s = seconds(decision, complaints);
            if let (None, Some(first)) = (&wanted.rto, detection.or(decision)) {
                let said = "an assumed time is added to `rto`, and there is none";
                complaints.add(Code::BadObjective, &first.at, said);
            }
        }
    }
    if let Some(production) = &file.production {
        let wanted = &production.value.size;
        match size(&wanted.value) {
            Ok(bytes) => lowered.production_bytes = Some(bytes),
            Err(said) => {
                complaints.value(Code::BadSize, wanted, &said);
            }
        }
        let rto = file.objectives.as_ref().and_then(|objectives| objectives.value.rto.as_ref());
        if rto.is_none() {
            let said = "the size of production serves to judge `rto`, and there is none";
            complaints.add(Code::BadObjective, &wanted.at, said);
        }
    }
    lowered
}

fn seconds(text: Option<&Pinned<String>>, complaints: &mut Complaints) -> Option<f64> {
    let text = text?;
    match duration(&text.value) {
        Ok(time) => Some(time.as_secs_f64()),
        Err(said) => {
            complaints.value(Code::BadTime, text, &said);
            None
        }
    }
}
