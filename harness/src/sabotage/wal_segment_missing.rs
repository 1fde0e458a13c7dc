//! One WAL segment that the recovery needs is missing from the archive.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};
use pgrehearse_verdict::lsn::Segment;

use crate::rig::{Command, Output, Place, Stage, Trouble};
use crate::sabotage::{Bench, Sabotage};

/// How long one command may take: listing the original, reading a file of it.
const READ_LIMIT: Duration = Duration::from_secs(300);

/// A segment is taken out of the copied archive.
pub struct WalSegmentMissing;

#[async_trait]
impl Sabotage for WalSegmentMissing {
    fn name(&self) -> &'static str {
        "wal_segment_missing"
    }
    fn harm(&self) -> &'static str {
        "one WAL segment that the recovery needs is missing from the archive"
    }
    fn class(&self) -> &'static str {
        "wal"
    }
    fn caught_by(&self) -> &'static [&'static str] {
        &["target", "ledger"]
    }
    fn engines(&self) -> &'static [&'static str] {
        &["pgbackrest"]
    }

    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let work = Work { stage, bench };
        let Some(&segment) = work.pick() else {
            return Ok(nothing_changed("the recovery needed no segment beyond its backup"));
        };
        let Some(file) = bench.engine.archived_file(stage, bench.node, segment).await? else {
            let said = format!("segment {segment} is not in the copied archive to begin with");
            return Ok(nothing_changed(&said));
        };
        let before = work.original(&file).await?;
        let was_there = work.fetch(segment).await?;
        let copy = format!("{}/{file}", bench.node.place(Place::Repository));
        work.must("take the segment out of the copy", &["rm", "--", &copy]).await?;
        let is_there = work.fetch(segment).await?;
        let after = work.original(&file).await?;
        let proof = (was_there && !is_there).then(|| {
            let digest = &before.file;
            format!(
                "the engine fetched segment {segment} from the copy before, and does not find it \
                 after; the original file has SHA-256 {digest} before and {} after",
                after.file
            )
        });
        Ok(Sabotaged {
            change: format!("removed `{file}` from the copied repository"),
            proof,
            original_untouched: before == after,
        })
    }
}

fn nothing_changed(change: &str) -> Sabotaged {
    Sabotaged { change: change.to_owned(), proof: None, original_untouched: true }
}

/// What is known of the original.
#[derive(Debug, PartialEq, Eq)]
struct Original {
    /// The SHA-256 of the archived segment's file.
    file: String,
    /// The SHA-256 of the list of all files: path, size, and when content and inode were changed.
    list: String,
}

struct Work<'a> {
    stage: &'a Stage,
    bench: &'a Bench<'a>,
}

impl Work<'_> {
    fn pick(&self) -> Option<&Segment> {
        let count = u64::try_from(self.bench.needed.len()).ok()?;
        let at = self.bench.place.checked_rem(count)?;
        self.bench.needed.get(usize::try_from(at).ok()?)
    }

    /// Whether the engine gets the segment out of the copy.
    async fn fetch(&self, segment: Segment) -> Result<bool, Trouble> {
        let Bench { engine, node, .. } = *self.bench;
        let into = format!("{}/sabotage-{segment}", node.place(Place::Scratch));
        let there = engine.fetch_wal(self.stage, node, segment, &into).await?;
        self.must("remove the fetched segment", &["rm", "-f", "--", &into]).await?;
        Ok(there)
    }

    async fn original(&self, file: &str) -> Result<Original, Trouble> {
        let node = self.bench.node;
        let original = node.place(Place::Original);
        let list = format!("{}/sabotage-original", node.place(Place::Scratch));
        // Into a file, since the list of a great repository would be cut as output. Links would
        // be listed as such; a repository has but one, to its newest backup.
        let form = "%P\t%y\t%s\t%T@\t%C@\t%l\n";
        let look = ["find", &original, "-mindepth", "1", "-fprintf", &list, form];
        self.must("list the original repository", &look).await?;
        let file = self.digest(&format!("{original}/{file}")).await?;
        let listed = self.digest(&list).await?;
        self.must("remove the list", &["rm", "-f", "--", &list]).await?;
        Ok(Original { file, list: listed })
    }

    async fn digest(&self, path: &str) -> Result<String, Trouble> {
        let said = self.must("digest a file", &["sha256sum", "--", path]).await?.text();
        // A leading backslash says that the path is escaped.
        let digest = said.trim_start_matches('\\').split_whitespace().next().unwrap_or("");
        if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(digest.to_owned());
        }
        let said = format!("`sha256sum` gives no digest of `{path}`");
        Err(Trouble::subject(SubjectCause::Command, said))
    }

    async fn must(&self, purpose: &str, argv: &[&str]) -> Result<Output, Trouble> {
        let command = Command::new(purpose, READ_LIMIT, argv.iter().copied());
        self.stage.must(self.bench.node, command).await
    }
}
