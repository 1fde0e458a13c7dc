//! The labels that everything of ours bears before it runs, and the names it gets.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::drill::hex;
use crate::rig::lease::boot_id;

/// The run it belongs to.
pub(super) const RUN: &str = "pgrehearse.run";
/// The drill within the run.
pub(super) const DRILL: &str = "pgrehearse.drill";
/// The process that made it.
pub(super) const PID: &str = "pgrehearse.pid";
/// The boot of the machine that process runs on.
pub(super) const BOOT: &str = "pgrehearse.boot";
/// A container in which an image is being made.
pub(super) const BUILD: &str = "pgrehearse.build";

/// Longest name of a host that DNS allows is 63: what is left of each part keeps ours below it.
const RUN_PART: usize = 24;
const NAME_PART: usize = 16;
const DIGEST_BYTES: usize = 4;

/// The labels of whatever belongs to a drill.
pub(super) fn labels(run: &str, drill: &str) -> HashMap<String, String> {
    let pid = std::process::id().to_string();
    let all = [(RUN, run), (DRILL, drill), (PID, &pid), (BOOT, &boot_id())];
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The engine's filter for what bears these labels.
pub(super) fn filter(labels: &[(&str, &str)]) -> HashMap<String, Vec<String>> {
    let wanted = labels.iter().map(|(name, value)| match *value {
        "" => (*name).to_owned(),
        value => format!("{name}={value}"),
    });
    HashMap::from([("label".to_owned(), wanted.collect())])
}

/// A name that no other drill's thing has, and that can be a host's.
pub(super) fn unique_name(run: &str, drill: &str, name: &str) -> String {
    let digest = [run, drill, name].iter().fold(Sha256::new(), |digest, part| {
        digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
    });
    let digest = hex(&digest.finalize()[..DIGEST_BYTES]);
    format!("pgrehearse-{}-{digest}-{}", plain(run, RUN_PART), plain(name, NAME_PART))
}

/// The text as letters, digits and `-`, cut to `most`.
pub(super) fn plain(text: &str, most: usize) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = text.chars().map(fold).take(most).collect();
    match text.trim_matches('-') {
        "" => "x".to_owned(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_where_run_drill_or_name_do_and_fit_a_host() {
        let long = "Z".repeat(200);
        let all = [
            unique_name("r", "d", "n"),
            unique_name("r", "d", "m"),
            unique_name("r", "e", "n"),
            unique_name("s", "d", "n"),
            unique_name("rd", "", "n"),
            unique_name(&long, &long, &long),
            unique_name("ä/ö", "..", "--"),
        ];
        for (place, name) in all.iter().enumerate() {
            assert!(name.len() <= 63 && !name.ends_with('-'), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{name}");
            assert!(!all[..place].contains(name), "{name}");
        }
    }
}
