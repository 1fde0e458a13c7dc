//! Usable: the application can work with what came back, and what it writes stays written.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::Check;
use crate::check::answered::{rows, shown};
use crate::finding::Finding;
use crate::journal::Event;
use crate::question::{Moment, Question, Table};

const NAME: &str = "usable";

/// Wants a committed write over the application's own path, every application role let in and
/// its smoke queries working, and that write still there after the server was killed and started
/// again. A role that was not tried is unknown and named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usable {}

impl Check for Usable {
    const SUMMARY: &'static str =
        "the application logs in, works and writes, and its write survives a kill and a restart";
    const EXAMPLE: &'static str = "usable";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![
            (Moment::Recovered, Question::Server),
            (Moment::Recovered, Question::Logins),
            (Moment::Recovered, Question::Smoke),
            (Moment::Recovered, Question::Probe),
            (Moment::Restarted, Question::Probe),
        ]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let mut found = vec![writable(case), out_of_recovery(case)];
        found.extend(logins(case));
        found.extend(smoke(case));
        found.extend(written(case));
        found
    }
}

fn writable(case: &Case<'_>) -> Finding {
    if case.own_events().any(|(_, event)| matches!(event, Event::Writable { .. })) {
        Finding::held(NAME, "writable", "a write of the application was acknowledged")
    } else {
        let said = "no write of the application was ever acknowledged";
        Finding::unknown(NAME, "not_writable", said)
    }
}

fn out_of_recovery(case: &Case<'_>) -> Finding {
    let server = match rows(case, NAME, &Moment::Recovered, &Question::Server) {
        Ok(server) => server,
        Err(finding) => return *finding,
    };
    match server.pair("in_recovery") {
        Some("f" | "false") => Finding::held(NAME, "out_of_recovery", "recovery is over"),
        Some("t" | "true") => {
            let said = "the server is still in recovery: it reads, and takes no write";
            Finding::broken(NAME, "still_in_recovery", said)
        }
        other => {
            let said = format!(
                "whether it is in recovery was answered with `{}`",
                shown(other.unwrap_or("null"))
            );
            Finding::unknown(NAME, "malformed_answer", said)
        }
    }
}

/// Every role of the brief, and whatever else was tried.
fn logins(case: &Case<'_>) -> Vec<Finding> {
    let table = match rows(case, NAME, &Moment::Recovered, &Question::Logins) {
        Ok(table) => table,
        Err(finding) => return vec![*finding],
    };
    let mut found = refused(table, "login_refused", "cannot log in");
    let wanted = &case.brief().application;
    if wanted.is_empty() {
        let said = "no application role is declared, so none was tried";
        found.push(Finding::unknown(NAME, "untried", said));
    }
    for (database, role) in wanted {
        let tried = (0..table.rows.len()).any(|row| {
            table.get(row, "database") == Some(database) && table.get(row, "role") == Some(role)
        });
        if !tried {
            let name = format!("{role} in {database}");
            let said = format!("whether `{name}` can log in was not tried");
            found.push(Finding::unknown(NAME, "untried", said).about(name));
        }
    }
    if found.is_empty() {
        let said = format!("all {} application roles log in", wanted.len());
        found.push(Finding::held(NAME, "logins", said));
    }
    found
}

fn smoke(case: &Case<'_>) -> Vec<Finding> {
    let table = match rows(case, NAME, &Moment::Recovered, &Question::Smoke) {
        Ok(table) => table,
        Err(finding) => return vec![*finding],
    };
    let mut found = refused(table, "smoke_failed", "fails");
    let tried = |(database, role, file): &(String, String, String)| {
        (0..table.rows.len()).any(|row| {
            table.get(row, "database") == Some(database)
                && table.get(row, "role") == Some(role)
                && table.get(row, "what") == Some(file)
        })
    };
    let wanted = &case.brief().smoke;
    for (database, role, file) in wanted.iter().filter(|smoke| !tried(smoke)) {
        let said = format!("the smoke query `{file}` of `{role}` was never tried in `{database}`");
        found.push(Finding::unknown(NAME, "untried", said).about(file));
    }
    if found.is_empty() {
        let said = match wanted.len() {
            0 => "the fixture declares no smoke query: none was tried".to_owned(),
            number => format!("all {number} smoke queries work"),
        };
        found.push(Finding::held(NAME, "smoke", said));
    }
    found
}

/// One finding for each trial that something was said about.
fn refused(trials: &Table, code: &str, what: &str) -> Vec<Finding> {
    let name = |row, column| trials.get(row, column).unwrap_or("?");
    (0..trials.rows.len())
        .filter_map(|row| Some((row, trials.get(row, "said")?)))
        .map(|(row, said)| {
            let (role, database) = (name(row, "role"), name(row, "database"));
            let subject = format!("{role} in {database}: {}", name(row, "what"));
            let said = format!("`{role}` {what} in `{database}`: {}", shown(said));
            Finding::broken(NAME, code, said).about(subject)
        })
        .collect()
}

/// The probe's write is there, and is there again after a kill and a restart.
fn written(case: &Case<'_>) -> Vec<Finding> {
    let notes: Vec<&str> = case
        .own_events()
        .filter_map(|(_, event)| match event {
            Event::Probed { note } => Some(note.as_str()),
            _ => None,
        })
        .collect();
    if notes.is_empty() {
        let said = "no write was noted that could be looked for";
        return vec![Finding::unknown(NAME, "untried", said).about("probe")];
    }
    let found = |moment: Moment| {
        let table = match rows(case, NAME, &moment, &Question::Probe) {
            Ok(table) => table,
            Err(finding) => return *finding,
        };
        let there =
            |note: &str| (0..table.rows.len()).any(|row| table.get(row, "note") == Some(note));
        match notes.iter().find(|note| !there(note)) {
            None => Finding::held(NAME, "write_kept", format!("the write is there at {moment}"))
                .about(moment.to_string()),
            Some(note) => {
                let said =
                    format!("the acknowledged write `{}` is not there at {moment}", shown(note));
                Finding::broken(NAME, "write_lost", said).about(moment.to_string())
            }
        }
    };
    vec![found(Moment::Recovered), found(Moment::Restarted)]
}
