//! The key does not open the repository.

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::rig::{Command, Place, Stage, Trouble};
use crate::sabotage::artifact::{Artifact, differs, sized};
use crate::sabotage::original::{Original, must, nothing_of_the_kind};
use crate::sabotage::{Bench, Facts, Sabotage, Spoils, SpoilsCopy};

/// How a file begins that was encrypted by a passphrase, as OpenSSL writes it: this, then eight
/// bytes of salt. The key is made of the passphrase and the salt.
const SALTED: &[u8] = b"Salted__";
/// What a repository knows of itself, which is read first: it holds the keys of all the rest.
const INFO: [&str; 4] = ["archive.info", "archive.info.copy", "backup.info", "backup.info.copy"];

/// Every file that the passphrase opens wants another key than the passphrase gives, as after a
/// passphrase was changed or lost. With the salt of a file its key is another.
pub(super) struct KeyMisfit;

impl Sabotage for KeyMisfit {
    fn facts(&self) -> Facts {
        Facts {
            name: "key_misfit",
            harm: "the passphrase does not open the repository",
            class: "repository",
            caught_by: &["artifacts", "commands"],
            engines: Some(&["pgbackrest"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for KeyMisfit {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let repository = bench.node.place(Place::Repository);
        let mut files = sized(stage, bench, &repository).await?;
        files.retain(|file| INFO.iter().any(|name| file.file.ends_with(&format!("/{name}"))));
        let mut proofs = vec![];
        for file in &files {
            if !is_encrypted(stage, bench, file).await? {
                return Ok(nothing_of_the_kind());
            }
        }
        let Some(first) = files.first() else { return Ok(nothing_of_the_kind()) };
        let before = Original::look(stage, bench.node, &first.file).await?;
        for file in &files {
            salt_anew(stage, bench, file).await?;
            proofs.extend(differs(stage, bench, file).await?);
        }
        let after = Original::look(stage, bench.node, &first.file).await?;
        Ok(Sabotaged {
            change: format!("{} files of the copy have another salt, so another key", files.len()),
            proof: (proofs.len() == files.len()).then(|| proofs.join("; ")),
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}

async fn is_encrypted(stage: &Stage, bench: &Bench<'_>, file: &Artifact) -> Result<bool, Trouble> {
    let read = ["head", "-c", "8", "--", &file.copy];
    let begins = must(stage, bench.node, "read how a file begins", &read).await?.stdout;
    Ok(begins == SALTED)
}

async fn salt_anew(stage: &Stage, bench: &Bench<'_>, file: &Artifact) -> Result<(), Trouble> {
    let salt = format!("{}/sabotage-salt", bench.node.place(Place::Scratch));
    // Any salt that was not drawn for this file does; the place makes it another each time.
    bench.node.write(&salt, &bench.place.to_le_bytes(), 0o600).await?;
    let (from, into) = (format!("if={salt}"), format!("of={}", file.copy));
    let write = ["dd", &from, &into, "seek=8", "bs=1", "conv=notrunc", "status=none"];
    let command = Command::housekeeping("give a file another salt", write);
    stage.must(bench.node, command).await?;
    Ok(())
}
