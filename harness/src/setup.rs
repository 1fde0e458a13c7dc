//! Installing what is missing, when the user asked for it: Debian packages, as root.

use std::process::{Command, Stdio};

/// Whether this machine's packages can be installed by us.
pub fn possible() -> bool {
    rustix::process::geteuid().is_root() && found("apt-get")
}

/// Whether a program is on the path.
pub fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The command that installs `packages`, as a user would type it.
pub fn command(packages: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// Installs Debian packages. What apt says goes to standard error only if it fails.
pub fn install(packages: &[&str]) -> Result<(), String> {
    if !possible() {
        return Err(format!("as root on a Debian-like system: {}", command(packages)));
    }
    apt(&["update", "-q"])?;
    let mut words = vec!["install", "-y", "-q", "--no-install-recommends"];
    words.extend(packages);
    apt(&words)
}

fn apt(words: &[&str]) -> Result<(), String> {
    let output = Command::new("apt-get")
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("apt-get {}: {last}", words.join(" ")))
}
