//! The server of a drill: version, checksums, locale, settings, image.

use std::collections::BTreeMap;

use crate::plan::lower::Ground;
use crate::plan::lower::complaints::Complaints;
use crate::plan::{self, KNOWN};
use crate::scenario::{Code, Pinned, Postgres, Text};

/// Bytes of a setting's value.
const VALUE_MAX: usize = 1024;
/// Bytes of an image's name.
const IMAGE_MAX: usize = 255;

/// Settings that belong to the drill: it needs them to be what they are, or they would let the
/// server run a command or reach out.
const OWNED: &[&str] = &[
    "archive_cleanup_command",
    "archive_command",
    "archive_library",
    "archive_mode",
    "bonjour",
    "config_file",
    "data_directory",
    "dynamic_library_path",
    "external_pid_file",
    "hba_file",
    "hot_standby",
    "ident_file",
    "jit_provider",
    "lc_messages",
    "listen_addresses",
    "local_preload_libraries",
    "log_destination",
    "log_directory",
    "log_filename",
    "log_line_prefix",
    "log_timezone",
    "logging_collector",
    "oauth_validator_libraries",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "promote_trigger_file",
    "recovery_end_command",
    "restore_command",
    "session_preload_libraries",
    "shared_preload_libraries",
    "ssl_passphrase_command",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
    "wal_level",
];

/// What settings of the drill begin with.
const OWNED_STARTS: &[&str] = &["recovery_target", "pgrehearse."];

pub(super) fn lower(
    postgres: &Postgres,
    version: Option<&Pinned<u32>>,
    ground: &Ground,
    complaints: &mut Complaints,
) -> Option<plan::Postgres> {
    if let Some(version) = version {
        known(version, postgres, ground, complaints);
    }
    image(postgres, ground, complaints);
    let checksums = checksums(postgres.checksums.as_ref(), complaints);
    let locale = match &postgres.locale {
        None => "C.UTF-8".to_owned(),
        Some(locale) => {
            if !is_locale(&locale.value) {
                complaints
                    .value(Code::BadLocale, locale, "is not a locale with UTF-8")
                    .hint("write it as `C.UTF-8`, `de_DE.UTF-8` or `C`");
            }
            locale.value.clone()
        }
    };
    Some(plan::Postgres {
        version: version.map_or(ground.default_major, |version| version.value),
        checksums,
        locale,
        settings: settings(postgres, complaints),
        image: postgres.image.as_ref().map(|image| image.value.clone()),
    })
}

/// A rig has its majors; an image of the user's own may bring another.
fn known(version: &Pinned<u32>, postgres: &Postgres, ground: &Ground, complaints: &mut Complaints) {
    let docker = ground.rig == "docker";
    let foreign = docker && postgres.image.is_some();
    let (oldest, newest) = (KNOWN.start(), KNOWN.end());
    let (said, hint) = if version.value < *oldest {
        let said = "is older than any that a drill knows".to_owned();
        (said, format!("`{oldest}` is the oldest"))
    } else if foreign && version.value > *newest {
        let said = "is newer than any that a drill knows".to_owned();
        (said, format!("`{newest}` is the newest"))
    } else if foreign || ground.majors.contains(&version.value) {
        return;
    } else {
        let have: Vec<String> = ground.majors.iter().map(|major| format!("`{major}`")).collect();
        let more =
            if docker { "; an image of your own may bring another: `image: …`" } else { "" };
        let said = format!("is not on the rig `{}`", ground.rig);
        (said, format!("it has {}{more}", have.join(", ")))
    };
    complaints.value(Code::VersionNotHere, version, &said).hint(hint).not_for_this_rig();
}

fn image(postgres: &Postgres, ground: &Ground, complaints: &mut Complaints) {
    let Some(image) = &postgres.image else { return };
    let name = &image.value;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/:@-".contains(c);
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if !begins || name.len() > IMAGE_MAX || !name.chars().all(allowed) {
        complaints.value(Code::BadImage, image, "is not the name of an image");
    } else if ground.rig != "docker" {
        let said = format!("the rig `{}` has no images", ground.rig);
        complaints.add(Code::ImageNotHere, &image.at, said).not_for_this_rig();
    }
}

fn checksums(text: Option<&Pinned<Text>>, complaints: &mut Complaints) -> bool {
    let Some(text) = text else { return true };
    match text.value.0.as_str() {
        "on" | "true" => true,
        "off" | "false" => false,
        other => {
            let said = format!("found {}, wanted `on` or `off`", complaints.quoted(other));
            complaints.add(Code::BadChecksums, &text.at, said);
            true
        }
    }
}

/// `C`, `POSIX`, `C.UTF-8`, `de_DE.UTF-8`, `sr_RS.UTF-8@latin`: the cluster's encoding is UTF-8.
fn is_locale(text: &str) -> bool {
    let (base, modifier) = text.split_once('@').unwrap_or((text, "x"));
    let (name, encoding) = base.split_once('.').unwrap_or((base, "UTF-8"));
    let plain = |word: &str| {
        (1..=32).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && !word.starts_with('-')
    };
    let language = name == "C"
        || name == "POSIX"
        || (name.len() >= 2
            && name.split('_').all(|part| part.bytes().all(|b| b.is_ascii_alphabetic()))
            && name.contains('_'));
    language
        && plain(name)
        && plain(modifier)
        && ["UTF-8", "UTF8", "utf8", "utf-8"].contains(&encoding)
}

fn settings(postgres: &Postgres, complaints: &mut Complaints) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (name, value) in &postgres.settings.0 {
        let lower = name.value.to_lowercase();
        if !is_setting(&lower) {
            complaints.value(Code::BadSetting, name, "is not the name of a setting");
        } else if OWNED.contains(&lower.as_str())
            || OWNED_STARTS.iter().any(|start| lower.starts_with(start))
        {
            complaints
                .value(Code::OwnedSetting, name, "is the drill's own setting")
                .hint("leave it out: a drill cannot be trusted without it");
        }
        if value.value.0.len() > VALUE_MAX || value.value.0.chars().any(char::is_control) {
            let said = format!("a setting's value is one line of at most {VALUE_MAX} bytes");
            complaints.add(Code::BadSetting, &value.at, said);
        }
        if settings.insert(lower, value.value.0.clone()).is_some() {
            complaints.value(Code::BadSetting, name, "is set twice: case makes no difference");
        }
    }
    settings
}

/// `work_mem`, `auto_explain.log_timing`.
fn is_setting(name: &str) -> bool {
    let word = |word: &str| {
        word.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let mut parts = name.split('.');
    name.len() <= 63 && name.split('.').count() <= 2 && parts.all(word)
}
