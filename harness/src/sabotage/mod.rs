//! The ways to spoil what a recovery needs, or what came of it. One file a way, one line here.

mod another_server;
mod archive_gap;
mod archive_unreachable;
mod archives_again;
mod artifact;
mod artifact_emptied;
mod artifact_end_cut;
mod artifact_flipped;
mod artifact_lost;
mod artifact_truncated;
mod backup_expired;
mod backup_label_lost;
mod comment_lost;
mod commits_forgotten;
mod constraint_lost;
mod constraint_unvalidated;
mod control_file_broken;
mod course;
mod damaged;
mod database_privilege_lost;
mod database_read_only;
mod default_lost;
mod default_privilege_lost;
mod dials_out;
mod door_opened;
mod edit;
mod event_trigger_lost;
mod extension_lost;
mod files;
mod grant_lost;
mod heap_page_zeroed;
mod identity_lost;
mod index_invalid;
mod index_lost;
mod index_page_zeroed;
mod key_misfit;
mod large_object_lost;
mod left_as_standby;
mod left_paused;
mod long_values_cut;
mod membership_lost;
mod not_null_lost;
mod original;
mod owner_changed;
mod partition_detached;
mod password_lost;
mod policy_lost;
mod post_data_lost;
mod publication_lost;
mod recovery_signal_lost;
mod reference_broken;
mod restart;
mod role_lost;
mod role_setting_lost;
mod row_flipped;
mod row_lost;
mod row_security_off;
mod rows_doubled;
mod sequence_behind;
mod setting_weakened;
mod statistics_lost;
mod stopped_too_early;
mod stopped_too_late;
mod table_extra;
mod table_file_cut;
mod table_lost;
mod tampered;
mod transaction_lost;
mod trigger_disabled;
mod triggers_forgotten;
mod user_mapping_lost;
mod value_altered;
mod view_emptied;
mod wal_record_flipped;
mod wal_segment_cut;
mod wal_segment_foreign;
mod wal_segment_missing;

pub use archive_gap::ArchiveGap;
pub use course::{Astray, Way};
pub use heap_page_zeroed::HeapPageZeroed;
pub(crate) use heap_page_zeroed::{
    PAGE_BYTES, bytes as page_bytes, read as read_page, zero as zero_page,
};
pub(crate) use original::listing;
pub use tampered::Tampered;
pub use wal_segment_missing::WalSegmentMissing;

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
use pgrehearse_verdict::lsn::Segment;

use crate::drill::Server;
use crate::engine::Engine;
use crate::rig::{Node, Stage, Trouble};

/// What a sabotage has to work with: a node with the spoiled copy in `Place::Repository` and the
/// original, read-only, in `Place::Original`.
pub struct Bench<'a> {
    /// The node.
    pub node: &'a dyn Node,
    /// The engine of the drill.
    pub engine: &'a dyn Engine,
    /// The segments that the recovery read beyond the end of its backup, in order, first to last.
    pub needed: &'a [Segment],
    /// The backup that the recovery began with, by its label.
    pub backup: Option<&'a str>,
    /// Which place to try: the seed's choice and the number of the attempt, from 0.
    pub place: u64,
}

/// A server that was recovered to be spoiled.
pub struct Recovered<'a> {
    /// The server, which takes writes.
    pub server: &'a Server,
    /// The engine of the drill.
    pub engine: &'a dyn Engine,
    /// The segments that the archive must hold, from the first backup on.
    pub chain: &'a [Segment],
    /// The application's database.
    pub database: &'a str,
    /// The settings that it is started with, if it has to be.
    pub settings: &'a [(&'a str, &'a str)],
    /// Which place to try: the seed's choice and the number of the attempt, from 0.
    pub place: u64,
}

/// What is known of a sabotage before anything starts.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The identifier, as in a scenario.
    pub name: &'static str,
    /// What harm it does, in a sentence.
    pub harm: &'static str,
    /// The class of harm.
    pub class: &'static str,
    /// The checks one of which must catch it.
    pub caught_by: &'static [&'static str],
    /// The engines it fits, by name; `None` for every one.
    pub engines: Option<&'static [&'static str]>,
}

/// A way to spoil something.
pub trait Sabotage: Send + Sync {
    /// What is known of it.
    fn facts(&self) -> Facts;
    /// What it lays hands on, and how.
    fn spoils(&self) -> Spoils<'_>;
}

/// What a sabotage lays hands on.
pub enum Spoils<'a> {
    /// The course of the recovery, from a sound copy.
    Course(&'a course::Astray),
    /// A copy of the repository, before anything is recovered from it.
    Copy(&'a dyn SpoilsCopy),
    /// The files that were restored, before a server is started on them.
    Files(&'a tampered::Tampered),
    /// What was recovered, before anything is asked of it: as if the recovery had done that.
    Recovered(&'a dyn SpoilsRecovered),
}

/// Spoils a copy of the repository.
#[async_trait]
pub trait SpoilsCopy: Send + Sync {
    /// Makes exactly one change to the copy, and proves by an oracle of its own that it matters.
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble>;
}

/// Spoils what was recovered.
#[async_trait]
pub trait SpoilsRecovered: Send + Sync {
    /// Makes exactly one change, and proves by an oracle of its own that it is there.
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble>;
}

/// Every kind.
pub const KINDS: &[&dyn Sabotage] = &[
    &WalSegmentMissing,
    &ArchiveGap,
    &HeapPageZeroed,
    &wal_record_flipped::WAL_RECORD_FLIPPED,
    &wal_segment_cut::WAL_SEGMENT_CUT,
    &wal_segment_foreign::WAL_SEGMENT_FOREIGN,
    &artifact_flipped::ARTIFACT_FLIPPED,
    &artifact_truncated::ARTIFACT_TRUNCATED,
    &artifact_end_cut::ARTIFACT_END_CUT,
    &artifact_emptied::ARTIFACT_EMPTIED,
    &artifact_lost::ARTIFACT_LOST,
    &backup_expired::BackupExpired,
    &key_misfit::KeyMisfit,
    &stopped_too_early::STOPPED_TOO_EARLY,
    &stopped_too_late::STOPPED_TOO_LATE,
    &left_paused::LEFT_PAUSED,
    &backup_label_lost::BACKUP_LABEL_LOST,
    &recovery_signal_lost::RECOVERY_SIGNAL_LOST,
    &archive_unreachable::ARCHIVE_UNREACHABLE,
    &control_file_broken::CONTROL_FILE_BROKEN,
    &commits_forgotten::COMMITS_FORGOTTEN,
    &table_file_cut::TABLE_FILE_CUT,
    &row_flipped::ROW_FLIPPED,
    &index_page_zeroed::INDEX_PAGE_ZEROED,
    &long_values_cut::LONG_VALUES_CUT,
    &role_lost::ROLE_LOST,
    &password_lost::PASSWORD_LOST,
    &membership_lost::MEMBERSHIP_LOST,
    &role_setting_lost::ROLE_SETTING_LOST,
    &default_privilege_lost::DEFAULT_PRIVILEGE_LOST,
    &database_privilege_lost::DATABASE_PRIVILEGE_LOST,
    &database_read_only::DATABASE_READ_ONLY,
    &grant_lost::GRANT_LOST,
    &owner_changed::OWNER_CHANGED,
    &policy_lost::POLICY_LOST,
    &row_security_off::ROW_SECURITY_OFF,
    &table_lost::TABLE_LOST,
    &post_data_lost::POST_DATA_LOST,
    &index_lost::INDEX_LOST,
    &index_invalid::INDEX_INVALID,
    &constraint_lost::CONSTRAINT_LOST,
    &constraint_unvalidated::CONSTRAINT_UNVALIDATED,
    &not_null_lost::NOT_NULL_LOST,
    &default_lost::DEFAULT_LOST,
    &identity_lost::IDENTITY_LOST,
    &trigger_disabled::TRIGGER_DISABLED,
    &triggers_forgotten::TRIGGERS_FORGOTTEN,
    &event_trigger_lost::EVENT_TRIGGER_LOST,
    &publication_lost::PUBLICATION_LOST,
    &extension_lost::EXTENSION_LOST,
    &comment_lost::COMMENT_LOST,
    &partition_detached::PARTITION_DETACHED,
    &user_mapping_lost::USER_MAPPING_LOST,
    &table_extra::TABLE_EXTRA,
    &row_lost::ROW_LOST,
    &rows_doubled::ROWS_DOUBLED,
    &value_altered::VALUE_ALTERED,
    &reference_broken::REFERENCE_BROKEN,
    &sequence_behind::SEQUENCE_BEHIND,
    &large_object_lost::LARGE_OBJECT_LOST,
    &view_emptied::VIEW_EMPTIED,
    &transaction_lost::TRANSACTION_LOST,
    &statistics_lost::STATISTICS_LOST,
    &setting_weakened::SETTING_WEAKENED,
    &door_opened::DOOR_OPENED,
    &left_as_standby::LeftAsStandby,
    &archives_again::ARCHIVES_AGAIN,
    &dials_out::DIALS_OUT,
    &another_server::AnotherServer,
];

/// The sabotage of this name.
pub fn named(name: &str) -> Option<&'static dyn Sabotage> {
    KINDS.iter().copied().find(|kind| kind.facts().name == name)
}
