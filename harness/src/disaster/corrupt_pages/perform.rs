//! Damages the page while the server is down, and looks whether the server reads the damage.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};

use crate::disaster::corrupt_pages::damage::worth;
use crate::disaster::corrupt_pages::{CorruptPages, Mode};
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::locate::Harm;
use crate::drill::{ISOLATED, Server};
use crate::rig::{Command, Node, Place, Stage, Trouble};
use crate::sabotage::{PAGE_BYTES, read_page, zero_page};

/// How long the server may take until it answers again.
const START_LIMIT: Duration = Duration::from_secs(300);
/// Pages that are looked at, from the end of the file, for one that holds something.
const PAGES_MAX: u64 = 64;
/// The bit that is flipped: one that matters in a number as well as in a letter.
const BIT: u8 = 0x04;

impl CorruptPages {
    fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("no page of table `{}` was damaged: {why}", self.table);
        Trouble::rig(RigCause::NotADrill, said)
    }

    /// The file in which a page is damaged, as an absolute path.
    async fn path(&self, source: &Server) -> Result<String, Trouble> {
        let mut session = self.session(source).await?;
        let file = self.file(&mut *session).await.map_err(|error| self.undone(&error))?;
        let none = || self.undone(&format!("it has no file for its {}", self.of.word()));
        Ok(format!("{}/{}", source.node.place(Place::Data), file.ok_or_else(none)?))
    }

    /// The last page that holds something: its offset, and where in it a bit can be flipped.
    async fn page(
        &self,
        stage: &Stage,
        node: &dyn Node,
        path: &str,
    ) -> Result<(u64, usize, u8), Trouble> {
        let argv = ["stat", "--format=%s", "--", path];
        let size =
            stage.must(node, Command::housekeeping("see how long the file is", argv)).await?;
        let pages = size.text().trim().parse::<u64>().unwrap_or(0) / PAGE_BYTES;
        for block in (0..pages).rev().take(usize::try_from(PAGES_MAX).unwrap_or(usize::MAX)) {
            let dump = read_page(stage, node, path, block * PAGE_BYTES).await?;
            if let Some((at, byte)) = worth(&dump, self.of) {
                return Ok((block * PAGE_BYTES, at, byte));
            }
        }
        Err(self.undone(&format!("none of the {pages} pages of `{path}` holds anything")))
    }

    /// Changes the file, and says what was done. That it was is read back from the disk.
    async fn damage(&self, stage: &Stage, node: &dyn Node, path: &str) -> Result<String, Trouble> {
        let (offset, at, byte) = self.page(stage, node, path).await?;
        let before = read_page(stage, node, path, offset).await?;
        let block = offset / PAGE_BYTES;
        match self.mode {
            Mode::Zero => zero_page(stage, node, path, offset).await?,
            Mode::Flip => {
                let other = format!("{}/damage", node.place(Place::Scratch));
                node.write(&other, &[byte ^ BIT], 0o600).await?;
                let (from, to) = (format!("if={other}"), format!("of={path}"));
                let seek = format!("seek={}", offset + at as u64);
                let argv = ["dd", &from, &to, "bs=1", "count=1", &seek, "conv=notrunc"];
                stage.must(node, Command::housekeeping("flip a bit on the disk", argv)).await?;
            }
            Mode::Truncate => {
                let size = format!("--size={offset}");
                let argv = ["truncate", &size, "--", path];
                stage.must(node, Command::housekeeping("cut off the file", argv)).await?;
            }
        }
        let after = read_page(stage, node, path, offset).await?;
        if before == after {
            return Err(self.undone(&"the disk holds what it held"));
        }
        Ok(format!("{}: page {block} of `{path}`, byte {at} of it", self.mode.words()))
    }

    /// The server is down meanwhile: a page in its memory would hide the damage, or be written
    /// over it. It is stopped in order, so that no replay mends the page when it starts again, with
    /// these settings.
    pub(crate) async fn strike_with(
        &self,
        stage: &Stage,
        server: &Server,
        settings: &[(&str, &str)],
    ) -> Result<(), Trouble> {
        let path = self.path(server).await?;
        server.stop(stage).await?;
        let done = self.damage(stage, &*server.node, &path).await;
        server.start(stage, settings).await?;
        server.await_ready(START_LIMIT).await?;
        stage.remark(done.map_err(|trouble| self.undone(&trouble))?)
    }

    /// Where what the table said before is kept until it is looked at again.
    fn kept(node: &dyn Node) -> String {
        format!("{}/corrupt-pages-before", node.place(Place::Scratch))
    }
}

#[async_trait]
impl Disaster for CorruptPages {
    fn nature(&self) -> Nature {
        Nature {
            writes_wal: false,
            leaves_wal: true,
            leaves_server: true,
            harms: vec![self.table.to_string()],
        }
    }

    fn text(&self) -> String {
        format!("{} of the {} of {}", self.mode.words(), self.of.word(), self.table)
    }

    /// WAL says nothing of it. What the table says while it is whole is kept for comparison.
    async fn harm(&self, stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let path = self.path(source).await?;
        let mut session = self.session(source).await?;
        let said = self.look(&mut *session).await.map_err(|error| self.undone(&error))?;
        let node = &*source.node;
        node.write(&Self::kept(node), said.as_bytes(), 0o600).await?;
        stage.remark(format!("`{path}` is whole, and its table says: {said}"))?;
        Ok(None)
    }

    async fn strike(&self, stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        self.strike_with(stage, source, ISOLATED).await?;
        Ok(Note::default())
    }

    /// What the server reads now, its memory empty: an error, or something else than before.
    async fn witness(&self, stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let node = &*source.node;
        let argv = ["cat", "--", &Self::kept(node)];
        let purpose = "read what the table said before";
        let before = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        let mut session = self.session(source).await?;
        match self.look(&mut *session).await {
            Ok(now) if now == before => {
                Ok((format!("table `{}` says what it said: {now}", self.table), false))
            }
            Ok(now) => {
                let said = format!("table `{}` said {before}, and now: {now}", self.table);
                Ok((said, true))
            }
            // An answer of the server's: it read the page, and did not like it.
            Err(error) if error.code.is_some() && !error.lost => {
                Ok((format!("table `{}` cannot be read any more: {error}", self.table), true))
            }
            Err(error) => {
                let said = format!("looking at table `{}`: {error}", self.table);
                Err(Trouble::subject(SubjectCause::Server, said))
            }
        }
    }
}
