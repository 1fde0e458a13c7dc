//! What pgBackRest is told: its configuration file on a node, and the commands that servers run.

use crate::engine::PgBackRest;
use crate::engine::quoting::quoted;
use crate::rig::{Node, Place};

/// The name of the only stanza.
pub(super) const STANZA: &str = "main";
/// A folder of ours in the repository, beside pgBackRest's: see [`control_path`].
const OURS: &str = "pgrehearse";

/// The path of the configuration file on a node.
pub(super) fn config_path(node: &dyn Node) -> String {
    format!("{}/pgbackrest.conf", node.place(Place::Scratch))
}

/// The path of the password file on a node.
pub(super) fn pass_path(node: &dyn Node) -> String {
    format!("{}/pgbackrest.pass", node.place(Place::Scratch))
}

/// A data directory with nothing in it but the source's control file. `archive-get` wants to read
/// one, for the version and the system identifier, even where no database is yet.
pub(super) fn control_path(node: &dyn Node) -> String {
    format!("{}/{OURS}", node.place(Place::Repository))
}

/// The text of the configuration file.
pub(super) fn config(spec: &PgBackRest, place: impl Fn(Place) -> String) -> String {
    let scratch = place(Place::Scratch);
    let global = [
        ("repo1-path", place(Place::Repository)),
        // Nothing is to expire while a drill runs, and not to say so is a warning.
        ("repo1-retention-full", "9999999".to_owned()),
        ("log-path", place(Place::Log)),
        ("log-level-file", "detail".to_owned()),
        ("lock-path", format!("{scratch}/lock")),
        ("spool-path", format!("{scratch}/spool")),
    ];
    let mut text = "[global]\n".to_owned();
    let key = spec.key.drawn().map(|key| ("repo1-cipher-pass", key.reveal().to_owned()));
    let key = key.filter(|_| spec.cipher.is_some());
    for (name, value) in global.into_iter().chain(spec.options()).chain(key) {
        text.push_str(&format!("{name}={value}\n"));
    }
    let stanza = [
        ("pg1-path", place(Place::Data)),
        ("pg1-socket-path", place(Place::Socket)),
        ("pg1-port", "5432".to_owned()),
        ("pg1-user", crate::drill::SUPERUSER.to_owned()),
    ];
    text.push_str(&format!("\n[{STANZA}]\n"));
    for (name, value) in stanza {
        text.push_str(&format!("{name}={value}\n"));
    }
    text
}

/// The `archive_command` of the server on this node.
pub(super) fn archive_command(tool: &str, config: &str) -> String {
    let words = [tool, &format!("--config={config}"), &format!("--stanza={STANZA}")]
        .map(|word| quoted(word).replace('%', "%%"));
    format!("{} archive-push \"%p\"", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Cipher, Compress};

    fn place(place: Place) -> String {
        format!("/n/{place:?}").to_lowercase()
    }

    #[test]
    fn the_configuration_says_where_everything_lies() {
        let spec = PgBackRest { compress: Some(Compress::Lz4), ..PgBackRest::default() };
        let wanted = "\
[global]
repo1-path=/n/repository
repo1-retention-full=9999999
log-path=/n/log
log-level-file=detail
lock-path=/n/scratch/lock
spool-path=/n/scratch/spool
compress-type=lz4

[main]
pg1-path=/n/data
pg1-socket-path=/n/socket
pg1-port=5432
pg1-user=postgres
";
        assert_eq!(config(&spec, place), wanted);
    }

    #[test]
    fn an_encrypted_repository_has_its_key_in_the_file_and_nowhere_else() {
        let spec = PgBackRest { cipher: Some(Cipher::Aes256Cbc), ..PgBackRest::default() };
        let key = spec.key.draw().expect("a key").reveal().to_owned();
        let text = config(&spec, place);
        assert!(text.contains("repo1-cipher-type=aes-256-cbc\n"), "{text}");
        assert!(text.contains(&format!("repo1-cipher-pass={key}\n")), "{text}");
        let told = serde_json::to_string(&spec).expect("JSON") + &format!("{spec:?}");
        assert!(!told.contains(&key), "{told}");
        assert_ne!(PgBackRest::default().key.draw().expect("a key").reveal(), key);
    }

    #[test]
    fn the_archive_command_survives_a_path_with_specials() {
        let plain = archive_command("/usr/bin/pgbackrest", "/n/scratch/pgbackrest.conf");
        let wanted = "/usr/bin/pgbackrest --config=/n/scratch/pgbackrest.conf --stanza=main \
                      archive-push \"%p\"";
        assert_eq!(plain, wanted);
        let special = archive_command("pgbackrest", "/it's 5% $HOME/c");
        let wanted =
            r#"pgbackrest '--config=/it'"'"'s 5%% $HOME/c' --stanza=main archive-push "%p""#;
        assert_eq!(special, wanted);
    }
}
