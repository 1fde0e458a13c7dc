//! What is checked, and for a canary what must be red.

use pgrehearse_verdict::brief::Objectives;
use pgrehearse_verdict::check::{KINDS, Secrecy, Spec, SqlCheck};

use crate::plan::Fixture;
use crate::plan::lower::complaints::Complaints;
use crate::plan::lower::query::one_statement;
use crate::scenario::{CheckForm, Code, File, Pinned, SqlForm, did_you_mean};

/// Bytes of a query, and of what it must answer.
const SQL_MAX: usize = 16 << 10;

pub(super) fn lower(
    file: &File,
    fixture: Option<&Fixture>,
    encrypts: bool,
    complaints: &mut Complaints,
) -> Vec<Spec> {
    let mut checks = listed(file, fixture, complaints);
    // Who asks for encryption wants to know that it is there.
    let secrecy = Spec::Secrecy(Secrecy::default());
    if encrypts && !checks.contains(&secrecy) {
        checks.push(secrecy);
    }
    checks
}

fn listed(file: &File, fixture: Option<&Fixture>, complaints: &mut Complaints) -> Vec<Spec> {
    let Some(listed) = &file.checks else { return Spec::standard() };
    if listed.value.is_empty() {
        complaints
            .add(Code::NoChecks, &listed.at, "nothing is checked, so nothing would be proved")
            .hint("write `- standard`");
    }
    let mut checks: Vec<Spec> = vec![];
    for line in &listed.value {
        let found = match &line.value {
            CheckForm::Word(word) => named(word, line, complaints),
            CheckForm::Sql(sql) => sql_check(sql, fixture, complaints).into_iter().collect(),
        };
        let twice = found.iter().find(|check| checks.contains(check)).map(Spec::name);
        if let Some(name) = twice {
            let said = format!("the check `{name}` is there twice");
            let hint = (name != "sql").then(|| "`standard` holds it already".to_owned());
            complaints.add(Code::DuplicateCheck, &line.at, said).maybe(hint);
        } else {
            checks.extend(found);
        }
    }
    checks
}

fn named(word: &str, line: &Pinned<CheckForm>, complaints: &mut Complaints) -> Vec<Spec> {
    if word == "standard" {
        return Spec::standard();
    }
    if let Some(check) = Spec::standard().into_iter().find(|check| check.name() == word) {
        return vec![check];
    }
    if word == Spec::Secrecy(Secrecy::default()).name() {
        return vec![Spec::Secrecy(Secrecy::default())];
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == word) {
        let said = format!("the check `{word}` cannot stand without its parameters");
        complaints
            .add(Code::UnknownCheck, &line.at, said)
            .hint(format!("write it as `- {}`", kind.name.to_owned() + ": { … }"));
        return vec![];
    }
    let names = KINDS.iter().map(|kind| kind.name).chain(["standard"]);
    let said = format!("there is no check {}", complaints.quoted(word));
    complaints.add(Code::UnknownCheck, &line.at, said).maybe(did_you_mean(word, names));
    vec![]
}

fn sql_check(
    sql: &SqlForm,
    fixture: Option<&Fixture>,
    complaints: &mut Complaints,
) -> Option<Spec> {
    let query = &sql.query;
    if let Err(said) = one_statement(&query.value) {
        complaints.add(Code::BadQuery, &query.at, said);
        return None;
    }
    if query.value.len() > SQL_MAX || sql.equals.0.len() > SQL_MAX {
        let said = format!("a query and its answer have at most {SQL_MAX} bytes each");
        complaints.add(Code::BadQuery, &query.at, said);
        return None;
    }
    let databases: Vec<&str> =
        fixture?.databases.iter().map(|database| database.name.as_str()).collect();
    let database = match (&sql.database, databases.as_slice()) {
        (None, [only]) => (*only).to_owned(),
        (None, _) => {
            complaints
                .add(Code::UnknownDatabase, &query.at, "this query needs a `database`")
                .maybe(did_you_mean("", databases));
            return None;
        }
        (Some(named), all) if all.contains(&named.value.as_str()) => named.value.clone(),
        (Some(named), _) => {
            complaints
                .value(Code::UnknownDatabase, named, "is not a database of the fixture")
                .maybe(did_you_mean(&named.value, databases));
            return None;
        }
    };
    let (query, equals) = (query.value.clone(), sql.equals.0.clone());
    Some(Spec::Sql(SqlCheck { query, database, equals }))
}

/// What must be red: only what is looked at can be.
pub(super) fn must_fail(
    file: &File,
    checks: &[Spec],
    objectives: &Objectives,
    complaints: &mut Complaints,
) -> Option<Vec<String>> {
    let must_fail = file.must_fail.as_ref()?;
    let names = &must_fail.value.by;
    if names.is_empty() {
        complaints.add(Code::BadMustFail, &must_fail.at, "a canary must fail by something");
    }
    let objectives = [("rto", objectives.rto_s.is_some()), ("rpo", objectives.rpo_s.is_some())];
    let wanted = objectives.iter().filter(|(_, wanted)| *wanted).map(|(name, _)| *name);
    let mut possible: Vec<&str> = checks.iter().map(Spec::name).collect();
    possible.dedup();
    let possible: Vec<&str> = possible.into_iter().chain(wanted).collect();
    for (number, name) in names.iter().enumerate() {
        if !possible.contains(&name.value.as_str()) {
            complaints
                .value(Code::BadMustFail, name, "is no check and no objective of this scenario")
                .maybe(did_you_mean(&name.value, possible.iter().copied()));
        } else if names[..number].iter().any(|earlier| earlier.value == name.value) {
            complaints.value(Code::BadMustFail, name, "is there twice");
        }
    }
    Some(names.iter().map(|name| name.value.clone()).collect())
}
