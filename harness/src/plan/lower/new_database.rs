//! `new_database:` beside a target: whether one database can be made anew on the server that goes
//! on serving.

use crate::plan::lower::steps::Walk;
use crate::scenario::{self, Code, Pinned};

pub(super) fn lower(
    walk: &mut Walk<'_>,
    wanted: &Pinned<String>,
    recover: &scenario::Recover,
) -> Option<String> {
    if !walk.serves(&wanted.at, "a new database") {
        return None;
    }
    if let Some(major) = &recover.postgres {
        let said = "cannot be chosen: a new database is made on the server that serves";
        walk.complaints.value(Code::NewDatabaseMisfit, major, said);
        return None;
    }
    if recover.salvage.is_some() {
        let said = "cannot be made anew and have a table put back, both in one recovery";
        walk.complaints.value(Code::NewDatabaseMisfit, wanted, said);
        return None;
    }
    if let Some((engine, _)) = walk.engine.as_ref().filter(|(_, can)| !can.one_database) {
        let said = format!("cannot be made by `{engine}`, which restores a cluster as a whole");
        walk.complaints
            .value(Code::NewDatabaseMisfit, wanted, &said)
            .hint("an engine that can is `pg_dump`");
        return None;
    }
    // The ledger tells what was lost of the database it lies in, and of no other.
    if let Some(own) = walk.application.as_ref().filter(|own| **own != wanted.value) {
        let said = format!("is not the database that the workload writes to, `{own}`");
        walk.complaints.value(Code::NewDatabaseMisfit, wanted, &said);
        return None;
    }
    Some(wanted.value.clone())
}
