//! The server that a table was put back into, or a database: it must be the one that was struck,
//! and have gone on all the while.

use crate::case::Case;
use crate::check::answered::shown;
use crate::check::identity::{NAME, absent, checksums, source_nonce};
use crate::finding::Finding;
use crate::question::Table;

/// Facts that stay the same for as long as a server runs, with the codes of their change.
const SAME: &[(&str, &str)] = &[
    ("system_identifier", "other_cluster"),
    ("started", "restarted"),
    ("data_directory", "moved"),
    ("timeline", "other_timeline"),
    ("archive_mode", "archives_otherwise"),
];

/// Wants the server of the source, which was not started anew and archives as it did.
pub(super) fn judge(case: &Case<'_>, before: &Table, after: &Table) -> Vec<Finding> {
    let same = SAME.iter().map(|(name, code)| unchanged(name, code, before, after));
    [nonce(case, after), checksums(before, after)].into_iter().chain(same).collect()
}

fn nonce(case: &Case<'_>, after: &Table) -> Finding {
    match (source_nonce(case), after.pair("nonce")) {
        (Some(source), Some(nonce)) if source == nonce => {
            Finding::held(NAME, "nonce", "the server that answers is the one that was struck")
        }
        (Some(_), Some(nonce)) => {
            let said = format!("the server bears the nonce `{}`, not the source's", shown(nonce));
            Finding::broken(NAME, "wrong_server", said)
        }
        _ => absent("nonce"),
    }
}

fn unchanged(name: &'static str, code: &'static str, before: &Table, after: &Table) -> Finding {
    match (before.pair(name), after.pair(name)) {
        (Some(before), Some(after)) if before == after => {
            let said = format!("`{name}` is `{}`, as before", shown(after));
            Finding::held(NAME, "goes_on", said).about(name)
        }
        (Some(before), Some(after)) => {
            let (before, after) = (shown(before), shown(after));
            let said = format!("`{name}` is `{after}`, and was `{before}`: it did not just go on");
            Finding::broken(NAME, code, said)
        }
        _ => absent(name),
    }
}
