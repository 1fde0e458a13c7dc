//! Identity: what is looked at is the server that was just restored, and nothing else.

mod living;

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection};
use crate::case::Case;
use crate::check::Check;
use crate::check::answered::{rows, shown};
use crate::finding::Finding;
use crate::journal::Event;
use crate::question::{Moment, Question, Table};

const NAME: &str = "identity";

/// Wants the nonce that was given to this server and to no other, the system identifier of the
/// source, a start of its own, no archiving, and the source out of reach meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {}

impl Check for Identity {
    const SUMMARY: &'static str =
        "the server that answers is the restored one, it archives nothing, and the source is down";
    const EXAMPLE: &'static str = "identity";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Baseline, Question::Server), (Moment::Recovered, Question::Server)]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::Baseline, &Question::Server);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Server);
        match (before, after) {
            (Ok(before), Ok(after)) if case.goes_on() => living::judge(case, before, after),
            (Ok(before), Ok(after)) => {
                let mut found = vec![source_down(case)];
                found.push(nonce(case, after));
                found.push(cluster(case.brief().protection, before, after));
                found.push(ground(after));
                found.push(files(after));
                found.push(start(before, after));
                found.push(archiving(after));
                found.push(checksums(before, after));
                found
            }
            (before, after) => {
                let mut found = if case.goes_on() { vec![] } else { vec![source_down(case)] };
                found.extend(before.err().into_iter().chain(after.err()).map(|finding| *finding));
                found
            }
        }
    }
}

/// A source that is still there is ours to stop: that it is not says nothing about the backup.
fn source_down(case: &Case<'_>) -> Finding {
    let last = case.events().filter_map(|(_, _, event)| match event {
        Event::SourceDown { so, said } => Some((*so, said)),
        _ => None,
    });
    match last.last() {
        Some((true, said)) => {
            let said = format!("the source is out of reach: {}", shown(said));
            Finding::held(NAME, "source_down", said)
        }
        Some((false, said)) => {
            let said = format!("the source is still there: {}", shown(said));
            Finding::unknown(NAME, "source_up", said).of_the_rig()
        }
        None => {
            let said = "whether the source is out of reach was never tried";
            Finding::unknown(NAME, "untried", said).about("source")
        }
    }
}

/// The nonce that every server of the source bears.
fn source_nonce<'a>(case: &Case<'a>) -> Option<&'a str> {
    case.events().find_map(|(_, _, event)| match event {
        Event::Began(began) => Some(began.source_nonce.as_str()),
        _ => None,
    })
}

fn nonce(case: &Case<'_>, after: &Table) -> Finding {
    let planted = case.own_events().filter_map(|(_, event)| match event {
        Event::Planted { nonce } => Some(nonce.as_str()),
        _ => None,
    });
    let (Some(planted), Some(source)) = (planted.last(), source_nonce(case)) else {
        let said = "which nonce the server was given, or the source, is not in the journal";
        return Finding::unknown(NAME, "untried", said).about("nonce");
    };
    if planted.is_empty() || planted == source {
        let said = "the nonce given to the restored server does not tell it from the source";
        return Finding::unknown(NAME, "nonce_not_fresh", said).of_the_rig();
    }
    match after.pair("nonce") {
        Some(nonce) if nonce == planted => {
            Finding::held(NAME, "nonce", "the server bears the nonce it was given")
        }
        Some(nonce) if nonce == source => {
            let said = "the server that answered is the source";
            Finding::broken(NAME, "is_the_source", said)
        }
        Some(nonce) => {
            let said = format!("the server bears the nonce `{}`, not ours", shown(nonce));
            Finding::broken(NAME, "wrong_server", said)
        }
        None => absent("nonce"),
    }
}

/// A copy of the files has the identifier of the source; a cluster that was made for the contents
/// of a dump has one of its own.
fn cluster(protection: Protection, before: &Table, after: &Table) -> Finding {
    match (before.pair("system_identifier"), after.pair("system_identifier")) {
        (Some(before), Some(after)) if protection == Protection::Snapshots => {
            let after = shown(after);
            if after == shown(before) {
                let said = format!("the system identifier `{after}` is the source's, on a dump");
                return Finding::broken(NAME, "not_a_new_cluster", said);
            }
            Finding::held(NAME, "cluster", format!("it is a new cluster, {after}"))
        }
        (Some(before), Some(after)) if before == after => {
            let said = format!("it is a copy of the cluster {}", shown(after));
            Finding::held(NAME, "cluster", said)
        }
        (Some(before), Some(after)) => {
            let (before, after) = (shown(before), shown(after));
            let said = format!("the system identifier is `{after}`, the source's was `{before}`");
            Finding::broken(NAME, "other_cluster", said)
        }
        _ => absent("system_identifier"),
    }
}

fn ground(after: &Table) -> Finding {
    match after.pair("data_directory") {
        Some(path) if !path.is_empty() => {
            Finding::held(NAME, "ground", format!("it stands on `{}`", shown(path)))
        }
        _ => absent("data_directory"),
    }
}

/// A server on the source's files, or the backup's, looks restored for as long as they last.
fn files(after: &Table) -> Finding {
    match after.pair("not_its_own") {
        Some("") => Finding::held(NAME, "own_files", "all its files are its own"),
        Some(path) => {
            let said = format!("`{}` is a link, or a file that others have, too", shown(path));
            Finding::broken(NAME, "foreign_files", said)
        }
        None => absent("not_its_own"),
    }
}

fn start(before: &Table, after: &Table) -> Finding {
    match (before.pair("started"), after.pair("started")) {
        (Some(before), Some(after)) if before != after => {
            let said = format!("it was started by itself, at {}", shown(after));
            Finding::held(NAME, "start", said)
        }
        (Some(_), Some(after)) => {
            let said = format!("it was started when the source was, at {}", shown(after));
            Finding::broken(NAME, "same_start", said)
        }
        _ => absent("started"),
    }
}

/// A restored server that archives could write a timeline that the next real restore follows.
fn archiving(after: &Table) -> Finding {
    match after.pair("archive_mode") {
        Some("off") => Finding::held(NAME, "archives_nothing", "it archives nothing"),
        Some(mode) => {
            let said = format!("`archive_mode` is `{}`, wanted `off`", shown(mode));
            Finding::broken(NAME, "archives", said)
        }
        None => absent("archive_mode"),
    }
}

fn checksums(before: &Table, after: &Table) -> Finding {
    match (before.pair("data_checksums"), after.pair("data_checksums")) {
        (Some(before), Some(after)) if before == after => {
            let said = format!("data checksums are `{}`, as before", shown(after));
            Finding::held(NAME, "checksums", said)
        }
        (Some(before), Some(after)) => {
            let (before, after) = (shown(before), shown(after));
            let said = format!("data checksums are `{after}`, and were `{before}`");
            Finding::broken(NAME, "checksums_changed", said)
        }
        _ => absent("data_checksums"),
    }
}

fn absent(name: &str) -> Finding {
    let said = format!("the server did not say its `{name}`");
    Finding::unknown(NAME, "unsaid", said).about(name)
}
