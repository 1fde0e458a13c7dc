//! The chain of WAL: what the server said is safe in the archive is there, without a gap, of this
//! cluster, and can be read through.

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection};
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table, chained};

const NAME: &str = "wal_chain";

/// Looks at every segment from the first backup to the last position that was said to be safe: a
/// recovery to a point in time reads only some of them, and the next disaster may need the others.
/// Each must be there, have its full length, and name the system identifier of the source; all
/// together must be read by `pg_waldump`, which verifies the CRC of each record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalChain {}

impl Check for WalChain {
    const SUMMARY: &'static str =
        "the archive holds WAL without a gap, of this cluster, and all of it can be read";
    const EXAMPLE: &'static str = "wal_chain";

    fn asks(&self, brief: &Brief) -> Vec<(Moment, Question)> {
        match brief.protection {
            Protection::Snapshots => vec![],
            Protection::Archive => {
                vec![(Moment::Baseline, Question::Server), (Moment::Recovered, Question::Wal)]
            }
        }
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        if case.brief().protection == Protection::Snapshots {
            let said = "there is no archive of WAL: a dump holds all that it restores";
            return vec![Finding::held(NAME, "no_archive", said)];
        }
        let server = rows(case, NAME, &Moment::Baseline, &Question::Server);
        let chain = rows(case, NAME, &Moment::Recovered, &Question::Wal);
        match (server, chain) {
            (Ok(server), Ok(chain)) => match Source::of(server) {
                Some(source) => source.judge(chain),
                None => {
                    let said = "the source did not say who it is";
                    vec![Finding::unknown(NAME, "unsaid", said)]
                }
            },
            (server, chain) => {
                server.err().into_iter().chain(chain.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// What a segment of the source's looks like.
struct Source<'a> {
    system: &'a str,
    bytes: &'a str,
}

impl Source<'_> {
    fn of(server: &Table) -> Option<Source<'_>> {
        let system = server.pair("system_identifier")?;
        Some(Source { system, bytes: server.pair("segment_bytes")? })
    }

    fn judge(&self, chain: &Table) -> Vec<Finding> {
        let (mut found, mut segments, mut readings) = (vec![], 0, 0);
        for row in 0..chain.rows.len() {
            let name = chain.get(row, "segment").unwrap_or_default();
            let read = name.starts_with(chained::READ);
            *(if read { &mut readings } else { &mut segments }) += 1;
            let amiss = if read { reading(chain, row, name) } else { self.segment(chain, row) };
            found.extend(amiss.map(|finding| finding.about(name)));
        }
        if !found.is_empty() {
            return difference::bounded(NAME, found);
        }
        if segments == 0 || readings == 0 {
            let said = "no segment of the archive was looked at and read";
            return vec![Finding::unknown(NAME, "nothing_compared", said)];
        }
        let said = format!("{segments} segments follow each other and can be read");
        let ends = [0, chain.rows.len() - 1].map(|row| chain.get(row, "segment"));
        let details = ends.into_iter().flatten().map(ToOwned::to_owned).collect();
        vec![Finding::held(NAME, "equal", said).with(details)]
    }

    fn segment(&self, chain: &Table, row: usize) -> Option<Finding> {
        let name = chain.get(row, "segment").unwrap_or_default();
        if let Some(said) = chain.get(row, "said") {
            let finding = format!("segment {name} cannot be fetched");
            let finding = Finding::broken(NAME, "wal_unreadable", finding);
            return Some(finding.with(vec![said.to_owned()]));
        }
        let Some(bytes) = chain.get(row, "bytes") else {
            let said = format!("segment {name} is not in the archive, which was said to hold it");
            return Some(Finding::broken(NAME, "segment_missing", said));
        };
        if bytes != self.bytes {
            let said = format!("segment {name} has {bytes} bytes, want {}", self.bytes);
            return Some(Finding::broken(NAME, "wal_unreadable", said));
        }
        let system = chain.get(row, "system").unwrap_or("none");
        (system != self.system).then(|| {
            let said = format!("segment {name} is of system {system}, want {}", self.system);
            Finding::broken(NAME, "segment_foreign", said)
        })
    }
}

fn reading(chain: &Table, row: usize, name: &str) -> Option<Finding> {
    let said = chain.get(row, "said")?;
    let finding = format!("WAL cannot be {name}");
    Some(Finding::broken(NAME, "wal_unreadable", finding).with(vec![said.to_owned()]))
}
