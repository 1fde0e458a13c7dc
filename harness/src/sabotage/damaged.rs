//! A file of the repository that is damaged in the copy: one of the backup's, or a segment.

use async_trait::async_trait;
use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};
use pgrehearse_verdict::lsn::Segment;

use crate::rig::{Command, Node, Place, Stage, Trouble};
use crate::sabotage::artifact::{Artifact, differs, largest, sized};
use crate::sabotage::original::{Original, digest, must, nothing_changed, nothing_of_the_kind};
use crate::sabotage::{Bench, Facts, Sabotage, Spoils, SpoilsCopy};

/// A file as long as this is not compressed: a segment that nobody made smaller, in bytes.
const WHOLE_SEGMENT_BYTES: u64 = 1 << 20;

/// A sabotage that damages one file of the copy.
pub(super) struct Damaged {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// Which file.
    pub(super) file: Which,
    /// What is done to it.
    pub(super) how: How,
}

/// The file that is damaged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The largest of the backup that the recovery begins with.
    Backup,
    /// A segment that the recovery reads.
    Segment,
}

/// What is done to a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// One bit is flipped, as a bad disk does it.
    Flip,
    /// It ends too early, as on a full disk or after a broken copy.
    Cut,
    /// It lacks its last bytes, where what closes it stands.
    CutEnd,
    /// It is there and holds nothing.
    Empty,
    /// It is gone.
    Lose,
    /// It is a segment of another cluster: its header bears another system identifier.
    Estrange,
}

impl Sabotage for Damaged {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: match self.file {
                Which::Backup => "artifact",
                Which::Segment => "wal",
            },
            caught_by: self.caught_by,
            engines: match self.file {
                Which::Backup => None,
                Which::Segment => Some(&["pgbackrest", "pg_basebackup"]),
            },
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for Damaged {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let node = bench.node;
        let segment = (self.file == Which::Segment).then(|| needed(bench)).flatten().copied();
        let found = match self.file {
            Which::Backup => largest(stage, bench).await?,
            Which::Segment => archived(stage, bench, segment).await?,
        };
        let Some(artifact) = found else {
            return Ok(nothing_changed("the recovery reads no file that could be spoiled"));
        };
        // A compressed segment has no header to be written to; its name has an ending.
        if self.how == How::Estrange && file_name(&artifact).contains('.') {
            return Ok(nothing_of_the_kind());
        }
        let fetched_before = fetched(stage, bench, segment).await?;
        let before = Original::look(stage, node, &artifact.file).await?;
        let change = match self.how {
            How::Flip => flip(stage, bench, self.file, &artifact).await?,
            How::Cut => cut(stage, bench, &artifact, half(bench, &artifact)).await?,
            How::CutEnd => cut(stage, bench, &artifact, closed_by(bench)).await?,
            How::Empty => cut(stage, bench, &artifact, artifact.bytes).await?,
            How::Lose => lose(stage, node, &artifact).await?,
            How::Estrange => estrange(stage, bench, &artifact).await?,
        };
        let mut proof = match self.how {
            How::Lose => gone(stage, bench, &artifact).await?,
            _ => differs(stage, bench, &artifact).await?,
        };
        // Bytes may differ where nobody reads them: what counts of a segment is what comes out.
        if self.file == Which::Segment && fetched(stage, bench, segment).await? == fetched_before {
            proof = None;
        }
        let after = Original::look(stage, node, &artifact.file).await?;
        let original_untouched = before == after;
        Ok(Sabotaged { change, proof, original_untouched, ..Sabotaged::default() })
    }
}

/// A segment that the recovery reads.
fn needed<'a>(bench: &Bench<'a>) -> Option<&'a Segment> {
    let count = u64::try_from(bench.needed.len()).ok()?;
    let at = bench.place.checked_rem(count)?;
    bench.needed.get(usize::try_from(at).ok()?)
}

async fn archived(
    stage: &Stage,
    bench: &Bench<'_>,
    segment: Option<Segment>,
) -> Result<Option<Artifact>, Trouble> {
    let (Some(segment), Some(archive)) = (segment, bench.engine.archive()) else { return Ok(None) };
    let Some(file) = archive.archived_file(stage, bench.node, segment).await? else {
        return Ok(None);
    };
    let copy = format!("{}/{file}", bench.node.place(Place::Repository));
    Ok(sized(stage, bench, &copy).await?.pop())
}

/// The digest of what the engine gets out of the copy, or nothing, where it gets nothing.
async fn fetched(
    stage: &Stage,
    bench: &Bench<'_>,
    segment: Option<Segment>,
) -> Result<Option<String>, Trouble> {
    let (Some(segment), Some(archive)) = (segment, bench.engine.archive()) else { return Ok(None) };
    let node = bench.node;
    let into = format!("{}/sabotage-{segment}", node.place(Place::Scratch));
    // An engine that refuses to hand it out is one that does not get it.
    let there = archive.fetch_wal(stage, node, segment, &into).await.unwrap_or(false);
    let digest = match there {
        true => Some(digest(stage, node, &into).await?),
        false => None,
    };
    must(stage, node, "remove the fetched segment", &["rm", "-f", "--", &into]).await?;
    Ok(digest)
}

/// The byte of a file in which a bit is flipped.
fn place(which: Which, artifact: &Artifact, place: u64) -> u64 {
    match which {
        // Away from both ends: where the rows are.
        Which::Backup => artifact.bytes / 3 + place % (artifact.bytes / 3).max(1),
        // Behind the header of its first page, which has 40 bytes: in the first record.
        Which::Segment if artifact.bytes >= WHOLE_SEGMENT_BYTES => 48 + place % 16,
        // Behind the header of what compresses: in what the first records became.
        Which::Segment => 16 + place % 16,
    }
}

async fn flip(
    stage: &Stage,
    bench: &Bench<'_>,
    which: Which,
    artifact: &Artifact,
) -> Result<String, Trouble> {
    let node = bench.node;
    let at = place(which, artifact, bench.place);
    let (from, skip) = (format!("if={}", artifact.copy), format!("skip={at}"));
    let purpose = "read a byte of the copy";
    let read = ["dd", &from, &skip, "bs=1", "count=1", "status=none"];
    let byte = node.run(&Command::housekeeping(purpose, read)).await?.expect_ok(purpose)?;
    let none = || Trouble::subject(SubjectCause::Command, format!("{purpose}: there is none"));
    let was = *byte.stdout.first().ok_or_else(none)?;
    let is = was ^ (1 << (bench.place % 8));
    let single = format!("{}/sabotage-byte", node.place(Place::Scratch));
    node.write(&single, &[is], 0o600).await?;
    let (from, into) = (format!("if={single}"), format!("of={}", artifact.copy));
    let seek = format!("seek={at}");
    let write = ["dd", &from, &into, &seek, "bs=1", "count=1", "conv=notrunc", "status=none"];
    must(stage, node, "flip a bit of the copy", &write).await?;
    Ok(format!("byte {at} of `{}` was {was:#04x} and is {is:#04x}", artifact.file))
}

fn file_name(artifact: &Artifact) -> &str {
    artifact.file.rsplit('/').next().unwrap_or_default()
}

/// Writes another system identifier into the header of its first page: the 8 bytes behind the 24
/// that every page has (`XLogLongPageHeaderData`).
async fn estrange(
    stage: &Stage,
    bench: &Bench<'_>,
    artifact: &Artifact,
) -> Result<String, Trouble> {
    let other = format!("{}/sabotage-system", bench.node.place(Place::Scratch));
    bench.node.write(&other, &bench.place.to_le_bytes(), 0o600).await?;
    let (from, into) = (format!("if={other}"), format!("of={}", artifact.copy));
    let write = ["dd", &from, &into, "seek=24", "bs=1", "conv=notrunc", "status=none"];
    must(stage, bench.node, "write another system identifier", &write).await?;
    Ok(format!("`{}` says that it is of the cluster {}", artifact.file, bench.place))
}

/// The bytes behind a place somewhere in its second half.
fn half(bench: &Bench<'_>, artifact: &Artifact) -> u64 {
    let half = artifact.bytes / 2;
    artifact.bytes - half - bench.place % half.max(1)
}

/// No more bytes than what closes a script has.
fn closed_by(bench: &Bench<'_>) -> u64 {
    1 + bench.place % 32
}

/// Cuts so many bytes off its end.
async fn cut(
    stage: &Stage,
    bench: &Bench<'_>,
    artifact: &Artifact,
    bytes: u64,
) -> Result<String, Trouble> {
    let left = artifact.bytes.saturating_sub(bytes);
    let size = format!("--size={left}");
    must(stage, bench.node, "cut the copy", &["truncate", &size, "--", &artifact.copy]).await?;
    Ok(format!("`{}` has {left} of its {} bytes", artifact.file, artifact.bytes))
}

async fn lose(stage: &Stage, node: &dyn Node, artifact: &Artifact) -> Result<String, Trouble> {
    must(stage, node, "take a file out of the copy", &["rm", "--", &artifact.copy]).await?;
    Ok(format!("`{}` is gone from the copied repository", artifact.file))
}

async fn gone(
    stage: &Stage,
    bench: &Bench<'_>,
    artifact: &Artifact,
) -> Result<Option<String>, Trouble> {
    let look = Command::housekeeping("look for the file", ["test", "-e", &artifact.copy]);
    let there = stage.run(bench.node, look).await?;
    let said = format!("the file of {} bytes is not in the copy any more", artifact.bytes);
    Ok((there.exit == Some(1)).then_some(said))
}
