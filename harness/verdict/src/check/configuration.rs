//! Configuration: the server goes by the same settings, and lets in whom it let in before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table};

const NAME: &str = "configuration";

const SETTING: &str = "setting";
const LINE: &str = "line of a file";
const RULE: &str = "access rule";

/// In force on a restored server of a drill as the harness has it, not as its files do.
const OURS: &[&str] = &[
    "archive_mode",
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "port",
    "unix_socket_directories",
];

/// How a restore says where it goes, in force and in the files. What is done with it is for the
/// checks of the target, the ledger and the identity.
const OF_A_RESTORE: &[&str] = &[
    "archive_mode",
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_timeline",
    "recovery_target_xid",
    "restore_command",
];

/// Compares settings in force, the files they come from, access rules, name mappings and
/// certificates with the baseline, as sets, both ways. What differs on purpose is on a list, and
/// is named; so is a setting that only waited for a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {}

impl Check for Configuration {
    const SUMMARY: &'static str =
        "settings, access rules and certificates are as they were, in force and in the files";
    const EXAMPLE: &'static str = "configuration";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered]
            .map(|moment| (moment, Question::Configuration))
            .to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::Baseline, &Question::Configuration);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Configuration);
        match (before, after) {
            (Ok(before), Ok(after)) => compare(case, before, after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

fn compare(case: &Case<'_>, before: &Table, after: &Table) -> Vec<Finding> {
    for class in [SETTING, LINE, RULE] {
        if definitions(before, class).is_empty() {
            let said = format!("the source named no {class} at the baseline");
            return vec![Finding::unknown(NAME, "nothing_compared", said)];
        }
    }
    let excused = excused(before, after);
    let rest = |table: &Table| {
        let is_excused = |row: &Vec<Option<String>>| {
            excused.iter().any(|it| Some(it.class) == cell(row, 0) && Some(it.name) == cell(row, 1))
        };
        let rows = table.rows.iter().filter(|row| !is_excused(row)).cloned().collect();
        Table { rows, ..table.clone() }
    };
    let mut found =
        difference::compare(case, NAME, "settings and rules", &rest(before), &rest(after));
    if !excused.is_empty() && found.iter().all(|finding| finding.status == Status::Held) {
        let said = format!("{} differ as they must on a server that was restored", excused.len());
        let details = excused.into_iter().map(|it| it.said).collect();
        found.push(Finding::held(NAME, "expected_difference", said).with(details));
    }
    found
}

/// A difference that has to be.
struct Excused<'a> {
    class: &'a str,
    name: &'a str,
    said: String,
}

fn excused<'a>(before: &'a Table, after: &'a Table) -> Vec<Excused<'a>> {
    let mut found = vec![];
    let lines = (definitions(before, LINE), definitions(after, LINE));
    for class in [SETTING, LINE] {
        let (was, is) = (definitions(before, class), definitions(after, class));
        let names = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
        for &name in names {
            if was.get(name) == is.get(name) {
                continue;
            }
            let value = |of: &Definitions<'_>| of.get(name).map_or("none".into(), |it| shown(it));
            let words = format!("{class} `{name}`: was `{}`, is `{}`", value(&was), value(&is));
            // The files say what they said: what was not in force before waited for a start.
            let same_line = lines.0.contains_key(name) && lines.0.get(name) == lines.1.get(name);
            let why = if OF_A_RESTORE.contains(&name) {
                "says where the restore goes"
            } else if class == SETTING && OURS.contains(&name) {
                "of the ground, set by the harness"
            } else if class == SETTING && same_line {
                "in the files as before, in force since the start"
            } else {
                continue;
            };
            found.push(Excused { class, name, said: format!("{words} ({why})") });
        }
    }
    found
}

type Definitions<'a> = BTreeMap<&'a str, &'a str>;

/// The definitions of a class, by identity.
fn definitions<'a>(table: &'a Table, class: &str) -> Definitions<'a> {
    let of_class = table.rows.iter().filter(|row| cell(row, 0) == Some(class));
    of_class.filter_map(|row| Some((cell(row, 1)?, cell(row, 2)?))).collect()
}

fn cell(row: &[Option<String>], at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}
