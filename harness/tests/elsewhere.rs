//! The same drills elsewhere: other time zones and locales, of the server and of whoever runs it,
//! and other seeds. A healthy drill stays green wherever it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, set_up};

/// A zone whose offset is no whole number of half hours.
const KATHMANDU: &str = "Asia/Kathmandu";
/// A zone with a summer time and half an hour.
const ST_JOHNS: &str = "America/St_Johns";
/// Where `i` and `I` are two letters, and a comma parts a number.
const TURKISH: &str = "tr_TR.UTF-8";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The C library knows the locale, or is taught it.
fn know(locale: &str) {
    set_up(&[Needs::Postgres, Needs::PgBackRest, Needs::Locales]);
    let known = Command::new("locale").arg("-a").output().expect("locale");
    let name = locale.to_lowercase().replace("utf-8", "utf8");
    if String::from_utf8_lossy(&known.stdout).lines().any(|line| line.to_lowercase() == name) {
        return;
    }
    let (language, charset) = locale.split_once('.').expect("a locale");
    let words = ["-i", language, "-f", charset, locale];
    let made = Command::new("localedef").args(words).status().expect("localedef");
    assert!(made.success(), "make the locale: localedef {}", words.join(" "));
}

#[rstest::rstest]
#[case::east_in_turkish("generated-schema.yaml", KATHMANDU, TURKISH, 11)]
#[ignore = "one of the full matrix"]
#[case::west("dropped-table.yaml", ST_JOHNS, "C.UTF-8", 12)]
#[ignore = "one of the full matrix"]
#[case::west_in_turkish("dropped-table.yaml", ST_JOHNS, TURKISH, 13)]
#[ignore = "one of the full matrix"]
#[case::a_dump_in_turkish("nightly-dump.yaml", KATHMANDU, TURKISH, 14)]
#[ignore = "one of the full matrix"]
#[case::a_chain_of_files("basebackup-dropped-table.yaml", KATHMANDU, TURKISH, 15)]
#[ignore = "one of the full matrix"]
#[case::another_schema("generated-schema.yaml", ST_JOHNS, "C.UTF-8", 16)]
#[ignore = "one of the full matrix"]
#[case::a_third_schema("generated-schema.yaml", "UTC", "C.UTF-8", 17)]
#[ignore = "one of the full matrix"]
#[case::a_fourth_schema("generated-schema.yaml", KATHMANDU, "C.UTF-8", 18)]
#[ignore = "one of the full matrix"]
#[case::a_dumped_schema("generated-dump.yaml", KATHMANDU, TURKISH, 19)]
#[ignore = "one of the full matrix"]
#[case::another_dumped_schema("generated-dump.yaml", ST_JOHNS, "C.UTF-8", 63)]
fn a_healthy_drill_is_green_wherever_it_is(
    #[case] scenario: &str,
    #[case] zone: &str,
    #[case] locale: &str,
    #[case] seed: u32,
) {
    know(TURKISH);
    let place = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(root().join("scenarios").join(scenario)).expect("a scenario");
    // Every scenario has a fixture; not every one says anything of its server.
    let server = format!("\n  locale: {locale}\n  settings:\n    timezone: {zone}\n");
    let text = match text.split_once("\npostgres:\n  settings: {") {
        Some((head, tail)) => {
            format!("{head}\npostgres:\n  locale: {locale}\n  settings: {{ timezone: {zone},{tail}")
        }
        None => text.replacen("\nfixture:", &format!("\npostgres:{server}fixture:"), 1),
    };
    // A drawn schema is another with each seed.
    let text = text.replace("features: 21,", &format!("features: {seed},"));
    let own = place.path().join("elsewhere.yaml");
    fs::write(&own, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local", "--controls", "none", "--seed", &seed.to_string()])
        .arg(&own)
        .current_dir(root())
        .env("TZ", zone)
        .env("LC_ALL", locale)
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{scenario}, {zone}, {locale}\n{said}\n{told}");
    assert!(said.contains("not shown able to fail"), "{said}");
}
