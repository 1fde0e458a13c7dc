//! The must-fail twins.

use pgrehearse_verdict::brief::ControlBrief;
use pgrehearse_verdict::check::Spec;

use crate::engine;
use crate::plan::lower::complaints::Complaints;
use crate::sabotage::{KINDS, Sabotage, named};
use crate::scenario::{Code, ControlsForm, File, Kind, Pinned, did_you_mean};

type Control = &'static dyn Sabotage;

pub(super) fn lower(
    file: &File,
    engine: Option<&Pinned<Kind<engine::Spec>>>,
    checks: &[Spec],
    complaints: &mut Complaints,
) -> Vec<Control> {
    let Some(engine) = engine.map(|engine| engine.value.0.name()) else { return vec![] };
    let fits = |control: Control| control.facts().engines.is_none_or(|fits| fits.contains(&engine));
    let caught = |control: Control| {
        control
            .facts()
            .caught_by
            .iter()
            .any(|name| checks.iter().any(|check| check.name() == *name))
    };
    let standard = || {
        let all = KINDS.iter().copied();
        all.filter(|control| fits(*control) && caught(*control)).collect()
    };
    let Some(controls) = &file.controls else { return standard() };
    let list = match &controls.value {
        ControlsForm::Word(word) if word == "standard" => return standard(),
        ControlsForm::Word(word) if word == "none" => return vec![],
        ControlsForm::Word(word) => {
            let said = format!(
                "found {}, wanted `standard`, `none` or a list of controls",
                complaints.quoted(word)
            );
            let known = named(word).map(|_| format!("write it as a list: `[{word}]`"));
            complaints
                .add(Code::UnknownControl, &controls.at, said)
                .maybe(known.or_else(|| did_you_mean(word, ["standard", "none"])));
            return vec![];
        }
        ControlsForm::List(list) => list,
    };
    let mut chosen: Vec<Control> = vec![];
    for name in list {
        let Some(control) = named(&name.value) else {
            let names = KINDS.iter().map(|control| control.facts().name);
            complaints
                .value(Code::UnknownControl, name, "is not a control")
                .maybe(did_you_mean(&name.value, names));
            continue;
        };
        if chosen.iter().any(|earlier| earlier.facts().name == control.facts().name) {
            complaints.value(Code::DuplicateControl, name, "is there twice");
        } else if !fits(control) {
            let said = format!("does not fit the engine `{engine}`");
            complaints.value(Code::ControlMisfit, name, &said);
        } else if !caught(control) {
            let wanted: Vec<_> =
                control.facts().caught_by.iter().map(|check| format!("`{check}`")).collect();
            complaints
                .value(
                    Code::ControlUncatchable,
                    name,
                    "could be caught by no check of this scenario",
                )
                .hint(format!("add one of {} to `checks:`", wanted.join(", ")));
        } else {
            chosen.push(control);
        }
    }
    chosen
}

/// What a verdict must know of a control.
pub(super) fn brief(control: Control) -> ControlBrief {
    ControlBrief {
        id: control.facts().name.to_owned(),
        harm: control.facts().harm.to_owned(),
        class: control.facts().class.to_owned(),
        caught_by: control.facts().caught_by.iter().map(|check| (*check).to_owned()).collect(),
    }
}
