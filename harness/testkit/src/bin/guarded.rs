//! Runs a command, the whole of the tests above all, where the environment of libpq names a
//! production server: by `PGHOST` and its kin, by a service, by a file of passwords. That server is
//! a decoy. The command is as it is, unless somebody connected to the decoy: then this fails.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use pgrehearse_testkit::Decoy;

/// Where the command itself ended without a status, or could not be started, or nobody named one.
const NO_STATUS: u8 = 2;
/// Somebody connected to production.
const VISITED: u8 = 70;

/// The variables of libpq, as on a workstation of somebody who is about to be paged.
fn production(folder: &Path, port: u16) -> io::Result<Vec<(&'static str, OsString)>> {
    let (service, passwords) = (folder.join("pg_service.conf"), folder.join("pgpass"));
    let address = format!("host=127.0.0.1\nhostaddr=127.0.0.1\nport={port}\n");
    fs::write(&service, format!("[production]\n{address}dbname=orders\nuser=admin\n"))?;
    fs::write(&passwords, format!("127.0.0.1:{port}:*:*:of-production\n"))?;
    // libpq passes over one that others may read.
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600))?;
    Ok(vec![
        ("PGHOST", "127.0.0.1".into()),
        ("PGPORT", port.to_string().into()),
        ("PGUSER", "admin".into()),
        ("PGDATABASE", "orders".into()),
        ("PGPASSWORD", "of-production".into()),
        ("PGSERVICE", "production".into()),
        ("PGSERVICEFILE", service.into()),
        ("PGPASSFILE", passwords.into()),
        ("DATABASE_URL", format!("postgres://admin:of-production@127.0.0.1:{port}/orders").into()),
    ])
}

fn guarded(program: &OsString, words: &[OsString]) -> io::Result<u8> {
    let (decoy, folder) = (Decoy::listen()?, tempfile::tempdir()?);
    let variables = production(folder.path(), decoy.port())?;
    let status = Command::new(program).args(words).envs(variables).status()?;
    let visits = decoy.visits();
    eprintln!("connections to the server that the environment names: {visits}");
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(NO_STATUS);
    Ok(if visits > 0 { VISITED } else { code })
}

fn main() -> ExitCode {
    let mut words = env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("error: wanted a command to run");
        return ExitCode::from(NO_STATUS);
    };
    guarded(&program, &words.collect::<Vec<_>>()).map_or_else(
        |error| {
            eprintln!("error: {}: {error}", program.display());
            ExitCode::from(NO_STATUS)
        },
        ExitCode::from,
    )
}
