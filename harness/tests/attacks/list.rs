//! The attacks. Each is a piece of shell that the attacker (`wrapper.sh`) runs in place of, before
//! or after a command of pgbackrest's; `sql DATABASE SQL` asks the source, before a backup.

mod archive;
mod contents;
mod files;

/// A way to spoil a drill.
pub struct Attack {
    pub name: &'static str,
    /// Whether it is part of every test run.
    pub always: bool,
    pub scenario: &'static str,
    /// The command of pgbackrest's it is tied to.
    pub on: &'static str,
    /// `before`, `after` or `instead`.
    pub when: &'static str,
    pub script: &'static str,
    /// One of these must not hold.
    pub caught_by: &'static [&'static str],
}

/// What the backup holds is not what the source held.
const fn sql(
    always: bool,
    name: &'static str,
    script: &'static str,
    caught_by: &'static [&'static str],
) -> Attack {
    Attack { name, always, scenario: "undone", on: "backup", when: "before", script, caught_by }
}

/// What was restored is spoiled before the server is started.
const fn files(
    always: bool,
    name: &'static str,
    scenario: &'static str,
    script: &'static str,
    caught_by: &'static [&'static str],
) -> Attack {
    Attack { name, always, scenario, on: "restore", when: "after", script, caught_by }
}

/// What reaches the archive.
const fn archive(
    always: bool,
    name: &'static str,
    scenario: &'static str,
    when: &'static str,
    script: &'static str,
    caught_by: &'static [&'static str],
) -> Attack {
    Attack { name, always, scenario, on: "archive-push", when, script, caught_by }
}

const F: &[&str] = &["fingerprint"];
const I: &[&str] = &["inventory"];
const G: &[&str] = &["globals"];
const ID: &[&str] = &["identity"];
const C: &[&str] = &["configuration"];
const L: &[&str] = &["ledger"];
const T: &[&str] = &["target", "server_log"];
const P: &[&str] = &["pages"];
const S: &[&str] = &["sequences"];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    [contents::ATTACKS, files::ATTACKS, archive::ATTACKS].into_iter().flatten()
}
