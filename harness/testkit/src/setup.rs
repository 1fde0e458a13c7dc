//! Sets up what a test needs: Debian packages, as root; else the test fails and names the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// What a test may need of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A PostgreSQL server and its contrib modules, as programs.
    Postgres,
    /// pgBackRest, as a program.
    PgBackRest,
    /// mmdebstrap, which makes images.
    Mmdebstrap,
    /// xmllint, which validates XML.
    Xmllint,
    /// jsonschema, which validates JSON.
    Jsonschema,
    /// pip, which fetches majors of PostgreSQL that are not installed; see [`crate::wheel`].
    Pip,
    /// The locales of the C library that tests elsewhere want.
    Locales,
    /// libfaketime, which tells a process another time; see [`faketime`].
    Faketime,
}

impl Needs {
    fn here(self) -> bool {
        match self {
            Needs::Postgres => postgres_is_here(),
            Needs::PgBackRest => on_path("pgbackrest"),
            Needs::Mmdebstrap => on_path("mmdebstrap"),
            Needs::Xmllint => on_path("xmllint"),
            Needs::Jsonschema => Path::new("/usr/bin/jsonschema").is_file(),
            Needs::Pip => answers("python3", &["-m", "pip", "--version"]),
            Needs::Locales => on_path("localedef") && Path::new("/usr/share/i18n/locales").is_dir(),
            Needs::Faketime => faketime().is_some(),
        }
    }

    fn packages(self) -> &'static [&'static str] {
        match self {
            Needs::Postgres => &["postgresql", "postgresql-contrib"],
            Needs::PgBackRest => &["pgbackrest"],
            Needs::Mmdebstrap => &["mmdebstrap"],
            Needs::Xmllint => &["libxml2-utils"],
            Needs::Jsonschema => &["python3-jsonschema"],
            Needs::Pip => &["python3-pip"],
            Needs::Locales => &["locales"],
            Needs::Faketime => &["libfaketime"],
        }
    }
}

/// The library to be loaded before all others, if it is installed.
pub fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let mut paths = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    paths.find(|path| path.is_file())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn answers(program: &str, words: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn postgres_is_here() -> bool {
    std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut majors| {
        majors.any(|major| {
            major.is_ok_and(|major| Path::new(&major.path()).join("bin/initdb").is_file())
        })
    })
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Sets up all of `needs`.
///
/// # Panics
///
/// When something is missing and cannot be installed: a test that needs it must fail, not skip.
pub fn set_up(needs: &[Needs]) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let missing: Vec<_> = needs.iter().filter(|need| !need.here()).collect();
    if missing.is_empty() {
        return;
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages()).copied().collect();
    let wanted = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    // A cluster that Debian makes by itself would only be in the way.
    let own = Path::new("/etc/postgresql-common/createcluster.conf");
    if packages.contains(&"postgresql") && !own.exists() {
        let _ = std::fs::create_dir_all("/etc/postgresql-common");
        let _ = std::fs::write(own, "create_main_cluster = false\n");
    }
    let apt = |words: &[&str]| {
        Command::new("apt-get")
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let mut words = vec!["install", "-y", "--no-install-recommends"];
    words.extend(&packages);
    let done = apt(&["update"]) && apt(&words);
    assert!(done && missing.iter().all(|need| need.here()), "missing; install it: {wanted}");
}

/// Whether a container engine answers. In CI it must: there a missing engine is a failure.
///
/// # Panics
///
/// In CI, when none answers.
pub fn engine_answers() -> bool {
    let answers = Command::new("docker")
        .args(["version", "--format", "{{.Server.Version}}"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(answers || std::env::var_os("CI").is_none(), "no container engine answers");
    if !answers {
        eprintln!("NOT TESTED: no container engine answers");
    }
    answers
}
