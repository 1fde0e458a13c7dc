//! `salvage:` beside a target: whether one table alone can be brought back.

use pgrehearse_verdict::brief::Protection;

use crate::disaster::TableName;
use crate::plan::lower::steps::Walk;
use crate::scenario::{self, Code, Pinned, ToForm};

/// The disaster after which the rest of the database is as good as it was.
const DROP: &str = "drop_table";

pub(super) fn lower(
    walk: &mut Walk<'_>,
    wanted: &Pinned<String>,
    recover: &scenario::Recover,
) -> Option<TableName> {
    let table = match TableName::try_from(wanted.value.clone()) {
        Ok(table) => table,
        Err(said) => {
            walk.complaints.add(Code::SalvageMisfit, &wanted.at, said);
            return None;
        }
    };
    if !walk.serves(&wanted.at, "a salvage") {
        return None;
    }
    let said = match (walk.course.disasters.as_slice(), &recover.to.value) {
        // Before any disaster the recovery itself is complained about.
        ([], _) => return None,
        ([disaster], _) if disaster.kind != DROP => {
            format!("was not dropped: a salvage follows a `{DROP}`, not a `{}`", disaster.kind)
        }
        ([_], _) if !walk.course.harmed.contains(&wanted.value) => {
            format!("is not the table that was dropped, `{}`", walk.course.harmed.join("`, `"))
        }
        ([_], _) if snapshots(walk) => {
            "cannot be put back by a dump, which has it as it was when it was taken".to_owned()
        }
        ([_], ToForm::Word(word)) if word == "before_disaster" => {
            return supported(walk, recover, table);
        }
        ([_], _) => "is put back as it was `before_disaster`, and no other way".to_owned(),
        (_, _) => "can follow one disaster, not several".to_owned(),
    };
    walk.complaints.value(Code::SalvageMisfit, wanted, &said);
    None
}

fn snapshots(walk: &Walk<'_>) -> bool {
    let protection = walk.engine.as_ref().map(|(_, abilities)| abilities.protection);
    protection == Some(Protection::Snapshots)
}

/// What stands beside it must not leave the server aside without a way to be read.
fn supported(
    walk: &mut Walk<'_>,
    recover: &scenario::Recover,
    table: TableName,
) -> Option<TableName> {
    let pause = recover.action.as_ref().filter(|action| action.value == "pause");
    if let Some(pause) = pause {
        let said = "leaves the server aside in recovery, and it is to be promoted for a salvage";
        walk.complaints.value(Code::SalvageMisfit, pause, said);
        return None;
    }
    Some(table)
}
