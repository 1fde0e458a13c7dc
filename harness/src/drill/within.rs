//! The time that a scenario gives a recovery.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use tokio::time::Instant;

use crate::plan::shown;
use crate::rig::{Stage, Trouble};

/// What `work` comes to, if it ends within `limit` of `begun`. Whatever runs beyond it is cut off,
/// and its failure: a restore that never ends restores nothing.
pub(super) async fn within<T>(
    stage: &Stage,
    limit: Option<Duration>,
    begun: Instant,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let Some(limit) = limit else { return work.await };
    if let Ok(done) = tokio::time::timeout_at(begun + limit, work).await {
        return done;
    }
    let mut said = format!("the application could not write within {}", shown(limit));
    if let Some(work) = stage.notebook.work() {
        let since = shown(work.since.elapsed());
        said.push_str(&format!(": `{}` had not ended after {since}", work.what));
    }
    Err(Trouble::subject(SubjectCause::TimeLimit, said))
}
