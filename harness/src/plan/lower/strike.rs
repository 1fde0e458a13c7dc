//! A disaster among the steps: whether it can be caused here and now, and what it brings along.

use pgrehearse_verdict::brief::DisasterBrief;

use crate::disaster;
use crate::plan::Step;
use crate::plan::lower::own_file;
use crate::plan::lower::steps::Walk;
use crate::scenario::{Code, Kind, Pinned, Place};

/// Bytes of a file that a disaster brings along.
const OWN_FILE_MAX: usize = 1 << 20;
/// Schemas that are the harness's own.
const OWN_SCHEMAS: &[&str] = &["pgrehearse", "ledger"];

impl Walk<'_> {
    pub(super) fn disaster(
        &mut self,
        disaster: &Pinned<Kind<disaster::Spec>>,
        at: &Place,
        end: usize,
    ) {
        let kind = disaster.value.0.name();
        let spec = disaster.value.0.disaster();
        let nature = spec.nature();
        if let Some(file) = spec.own_file() {
            self.own_file(file, &disaster.at, end);
        }
        if self.struck.is_none() && self.workload.is_none() {
            self.complaints
                .add(Code::NoWorkload, at, "no workload goes on when the disaster strikes")
                .hint("begin with `- workload: {}`: without work nothing can be lost");
        }
        if self.struck.is_none() && self.backup.is_none() {
            self.complaints
                .add(Code::NoBackup, at, "no backup is taken before the disaster")
                .hint("add `- backup: full` before it");
        }
        if !spec.rigs().contains(&self.ground.rig) {
            let said = format!("the rig `{}` cannot cause `{kind}`", self.ground.rig);
            self.complaints.add(Code::DisasterNotHere, &disaster.at, said).not_for_this_rig();
        }
        for table in &nature.harms {
            let schema = table.split('.').next().unwrap_or_default();
            if OWN_SCHEMAS.contains(&schema) {
                let place = self.complaints.source().find(table, disaster.at.start, end);
                let said = format!("{} is the harness's own table", self.complaints.quoted(table));
                let place = place.unwrap_or_else(|| disaster.at.clone());
                self.complaints.add(Code::OwnTable, &place, said);
            }
        }
        if self.serves(at, "a disaster") && !nature.leaves_server {
            self.gone = Some(at.clone());
        }
        if nature.writes_wal {
            self.harms.push((kind, at.clone()));
        }
        self.struck.get_or_insert_with(|| at.clone());
        let text = spec.text();
        let leaves_wal = nature.leaves_wal;
        let brief = DisasterBrief { kind: kind.to_owned(), text: text.clone(), leaves_wal };
        self.course.disasters.push(brief);
        self.course.harmed.extend(nature.harms);
        self.decide(Step::Disaster(disaster.value.0.clone()), format!("disaster: {text}"));
    }

    /// A file that the disaster brings along is read now: later it could be another.
    fn own_file(&mut self, file: &disaster::OwnFile, at: &Place, end: usize) {
        let named = file.named();
        match own_file::text_of_scenario(self.scenario, named, OWN_FILE_MAX) {
            Ok((text, sha256)) => file.keep(disaster::Read { text, sha256 }),
            Err((code, said)) => {
                let place = self.complaints.source().find(named, at.start, end);
                let said = format!("{} {said}", self.complaints.quoted(named));
                self.complaints.add(code, &place.unwrap_or_else(|| at.clone()), said);
            }
        }
    }
}
