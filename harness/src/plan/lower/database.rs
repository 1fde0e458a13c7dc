//! The fixture: found, read, and every file of it looked at.

use std::path::{Path, PathBuf};

use crate::fixture::generate::{
    FEATURES_MAX, FEATURES_USUAL, ROWS_MAX, ROWS_USUAL, Wanted, generate,
};
use crate::plan::lower::Ground;
use crate::plan::lower::complaints::Complaints;
use crate::plan::lower::own_file::{Refused, matching, of_fixture, of_scenario};
use crate::plan::{Application, Database, Fixture, Load, PasswordSource, RoleSpec, Script};
use crate::scenario::{
    Code, FixtureFile, FixtureForm, GeneratedForm, KeptBy, LoadEntry, PasswordEntry, Pinned, Place,
    RoleEntry, ScenarioFile, did_you_mean, read_fixture,
};
use crate::secret::Secret;

/// The role that stands in for the application where a fixture names none.
const STAND_IN: &str = "pgrehearse_app";
/// The greatest size of a fixture.
const SCALE_MAX: u32 = 10_000;
/// Bytes of a name that PostgreSQL keeps.
const NAME_MAX: usize = 63;
/// Bytes of a password.
const PASSWORD_MAX: usize = 1024;
/// Folders of fixtures that are looked at for a hint.
const FOLDERS_MAX: usize = 1000;
/// Databases that every cluster has of its own.
const OWN_DATABASES: &[&str] = &["postgres", "template0", "template1"];

pub(super) fn lower(
    scenario: &ScenarioFile,
    ground: &Ground,
    major: u32,
    complaints: &mut Complaints,
) -> Option<Fixture> {
    let file = &scenario.file;
    let scale = file.scale.as_ref().map_or(1, |scale| scale.value);
    if let Some(wanted) = &file.scale
        && !(1..=SCALE_MAX).contains(&scale)
    {
        complaints.value(Code::BadScale, wanted, &format!("is not a size from 1 to {SCALE_MAX}"));
    }
    let Some(fixture) = &file.fixture else {
        complaints.missing("fixture", "the database to rehearse on, e.g. `shop`");
        return None;
    };
    match &fixture.value {
        FixtureForm::Word(name) => folder(name, &fixture.at, scale, ground, complaints),
        FixtureForm::Sql(path) => own(scenario, path, script, scale, complaints),
        FixtureForm::Dump(path) => own(scenario, path, Load::Dump, scale, complaints),
        FixtureForm::Generated(form) => drawn(form, scale, ground.seed, major, complaints),
    }
}

fn script(path: PathBuf) -> Load {
    Load::Sql(Script::File(path))
}

/// A database drawn from the seed.
fn drawn(
    form: &GeneratedForm,
    scale: u32,
    seed: u64,
    major: u32,
    complaints: &mut Complaints,
) -> Option<Fixture> {
    let mut number = |given: &Option<Pinned<u32>>, usual: u32, max: u32, what: &str| match given {
        Some(given) if !(1..=max).contains(&given.value) => {
            let said = format!("is not a number of {what} from 1 to {max}");
            complaints.value(Code::BadGenerated, given, &said);
            None
        }
        given => Some(given.as_ref().map_or(usual, |given| given.value)),
    };
    let features = number(&form.features, FEATURES_USUAL, FEATURES_MAX, "features");
    let rows = number(&form.rows, ROWS_USUAL, ROWS_MAX, "rows");
    let rows = rows?.saturating_mul(scale).min(ROWS_MAX);
    let dumped = form.kept_by.unwrap_or_default() == KeptBy::Dump;
    let fixture = generate(seed, Wanted { features: features?, rows, dumped }, major);
    Some(Fixture { scale, ..fixture })
}

/// One's own database: one file.
fn own(
    scenario: &ScenarioFile,
    path: &Pinned<String>,
    load: fn(PathBuf) -> Load,
    scale: u32,
    complaints: &mut Complaints,
) -> Option<Fixture> {
    let found = of_scenario(&scenario.path, &path.value);
    let found = found.map_err(|refused| refuse(path, refused, complaints)).ok()?;
    let name = identifier(&found);
    let (options, load) = (String::new(), vec![load(found)]);
    let database = Database { name: name.clone(), options, load };
    let application = vec![stand_in(&name)];
    let (databases, cluster) = (vec![database], vec![]);
    Some(Fixture { name, roles: vec![], databases, application, scale, cluster })
}

/// A file's stem as a plain identifier.
fn identifier(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = stem.chars().map(safe).take(40).collect();
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase());
    let own = OWN_DATABASES.contains(&name.as_str());
    if plain && !own { name } else { format!("db_{}", name.trim_start_matches('_')) }
}

fn stand_in(database: &str) -> Application {
    Application { database: database.to_owned(), role: STAND_IN.to_owned(), smoke: vec![] }
}

fn refuse(path: &Pinned<String>, (code, said): Refused, complaints: &mut Complaints) {
    complaints.value(code, path, &said);
}

/// A folder in the folder of fixtures.
fn folder(
    name: &str,
    at: &Place,
    scale: u32,
    ground: &Ground,
    complaints: &mut Complaints,
) -> Option<Fixture> {
    let shown = complaints.quoted(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        complaints
            .add(Code::BadFixtureName, at, format!("{shown} is not the name of a fixture"))
            .hint("a database of your own is written `{ sql: path }` or `{ dump: path }`");
        return None;
    }
    let folder = ground.fixtures_dir.join(name);
    let yaml = folder.join("fixture.yaml");
    if !yaml.exists() {
        let names = fixtures(&ground.fixtures_dir);
        let hint = did_you_mean(name, names.iter().map(String::as_str));
        let said = format!("there is no fixture {shown}");
        complaints.add(Code::UnknownFixture, at, said).maybe(hint);
        return None;
    }
    if folder.symlink_metadata().is_ok_and(|is| is.is_symlink()) {
        let said = format!("the folder of the fixture {shown} is a symbolic link");
        complaints.add(Code::FixtureEscape, at, said);
        return None;
    }
    let read = read_fixture(&yaml).map_err(|complaint| {
        complaints.push(complaint);
    });
    let read = read.ok()?;
    let mut inside = Complaints::new(&read.source);
    let fixture = decide(name, &folder, &read.file, scale, &mut inside);
    let inside = inside.finish();
    let sound = inside.is_empty();
    for complaint in inside {
        complaints.push(complaint);
    }
    sound.then_some(fixture)
}

fn fixtures(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten().take(FOLDERS_MAX);
    let there = entries.filter(|entry| entry.path().join("fixture.yaml").exists());
    let mut names: Vec<_> =
        there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn decide(
    name: &str,
    folder: &Path,
    file: &FixtureFile,
    scale: u32,
    complaints: &mut Complaints,
) -> Fixture {
    let roles = roles(folder, &file.roles, complaints);
    let find = |path: &Pinned<String>, complaints: &mut Complaints| {
        of_fixture(folder, &path.value).map_err(|said| refuse(path, said, complaints)).ok()
    };
    let cluster = file.cluster.iter().filter_map(|path| find(path, complaints));
    let cluster = cluster.map(Script::File).collect();
    let mut databases: Vec<Database> = vec![];
    for entry in &file.databases.value {
        check_name(&entry.name, OWN_DATABASES, "database", complaints);
        if databases.iter().any(|earlier| earlier.name == entry.name.value) {
            complaints.value(Code::FixtureName, &entry.name, "is there twice");
        }
        let mut load = vec![];
        for file in &entry.load.value {
            match file {
                LoadEntry::Sql(path) => load.extend(find(path, complaints).map(script)),
                LoadEntry::Dump(path) => load.extend(find(path, complaints).map(Load::Dump)),
            }
        }
        if entry.load.value.is_empty() {
            let said = "nothing fills this database, so nothing would be compared";
            complaints.add(Code::FixtureEmpty, &entry.load.at, said);
        }
        databases.push(Database { name: entry.name.value.clone(), options: String::new(), load });
    }
    if file.databases.value.is_empty() {
        let said = "this fixture has no database";
        complaints.add(Code::FixtureEmpty, &file.databases.at, said);
    }
    let application = application(folder, file, &databases, complaints);
    Fixture { name: name.to_owned(), roles, databases, application, scale, cluster }
}

fn roles(folder: &Path, entries: &[RoleEntry], complaints: &mut Complaints) -> Vec<RoleSpec> {
    let mut roles: Vec<RoleSpec> = vec![];
    for RoleEntry { name, password } in entries {
        check_name(name, &["postgres", "public", "none"], "role", complaints);
        if roles.iter().any(|earlier| earlier.name == name.value) {
            complaints.value(Code::FixtureName, name, "is there twice");
        }
        let source = match &password.value {
            PasswordEntry::Generated => Some(PasswordSource::Generated),
            PasswordEntry::WrittenOut => {
                let role = complaints.quoted(&name.value);
                let line = complaints.line(&password.at);
                complaints
                    .whole(
                        Code::FixturePassword,
                        format!("the password of {role}{line} is no source"),
                    )
                    .hint("write `generated`, `{ env: NAME }` or `{ file: path }`");
                None
            }
            PasswordEntry::Env(variable) => match std::env::var(&variable.value) {
                Ok(text) => given(variable, text, complaints),
                Err(_) => {
                    let said = "is not set in the environment";
                    complaints.value(Code::FixturePassword, variable, said);
                    None
                }
            },
            PasswordEntry::File(path) => from_file(folder, path, complaints),
        };
        let password = source.unwrap_or(PasswordSource::Generated);
        roles.push(RoleSpec { name: name.value.clone(), password });
    }
    roles
}

fn from_file(
    folder: &Path,
    path: &Pinned<String>,
    complaints: &mut Complaints,
) -> Option<PasswordSource> {
    let found = of_fixture(folder, &path.value);
    let found = found.map_err(|refused| refuse(path, refused, complaints)).ok()?;
    let text = crate::scenario::bytes(&found, PASSWORD_MAX).ok();
    match text.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => given(path, text, complaints),
        None => {
            let said = format!("holds no text of at most {PASSWORD_MAX} bytes");
            complaints.value(Code::FixturePassword, path, &said);
            None
        }
    }
}

/// A password as it was given; a message about it names where it came from, never the text.
fn given(
    from: &Pinned<String>,
    text: String,
    complaints: &mut Complaints,
) -> Option<PasswordSource> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() || text.len() > PASSWORD_MAX || text.chars().any(char::is_control) {
        let said = format!("holds no line of text of at most {PASSWORD_MAX} bytes");
        complaints.value(Code::FixturePassword, from, &said);
        return None;
    }
    Some(PasswordSource::Given(Secret::new(text)))
}

fn check_name(name: &Pinned<String>, taken: &[&str], what: &str, complaints: &mut Complaints) {
    let text = name.value.as_str();
    let reserved = text.starts_with("pg_") || text.starts_with("pgrehearse");
    if taken.contains(&text) || reserved {
        let said = format!("is the name of a {what} that is there already or reserved");
        complaints.value(Code::FixtureName, name, &said);
    } else if text.is_empty() || text.len() > NAME_MAX || text.chars().any(char::is_control) {
        let said = format!("is not a name of at most {NAME_MAX} bytes");
        complaints.value(Code::FixtureName, name, &said);
    }
}

fn application(
    folder: &Path,
    file: &FixtureFile,
    databases: &[Database],
    complaints: &mut Complaints,
) -> Vec<Application> {
    let names: Vec<&str> = databases.iter().map(|database| database.name.as_str()).collect();
    let roles: Vec<&str> = file.roles.iter().map(|role| role.name.value.as_str()).collect();
    let mut application = vec![];
    for entry in &file.application {
        let (database, role) = (&entry.database.value, &entry.role.value);
        if !names.contains(&database.as_str()) {
            complaints
                .value(Code::FixtureName, &entry.database, "is not a database of this fixture")
                .maybe(did_you_mean(database, names.iter().copied()));
        }
        if !roles.contains(&role.as_str()) {
            complaints
                .value(Code::FixtureName, &entry.role, "is not a role of this fixture")
                .maybe(did_you_mean(role, roles.iter().copied()));
        }
        let smoke = entry.smoke.as_ref().map(|pattern| {
            let found = matching(folder, &pattern.value);
            found.map_err(|refused| refuse(pattern, refused, complaints)).unwrap_or_default()
        });
        application.push(Application {
            database: database.clone(),
            role: role.clone(),
            smoke: smoke.unwrap_or_default().into_iter().map(Script::File).collect(),
        });
    }
    if application.is_empty() {
        application = names.iter().map(|name| stand_in(name)).collect();
    }
    application
}
