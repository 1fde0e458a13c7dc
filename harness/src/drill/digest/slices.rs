//! The division of the reading among sessions: large tables are cut at block numbers, and whoever
//! is free takes the next piece.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;

use crate::drill::digest::sum::{Sum, read};
use crate::rig::{Session, SqlTrouble};

/// Sessions that read at once, at most: the application's server is not to be filled with ours.
const READERS_MAX: usize = 4;
/// Blocks of a slice, at least: a smaller one is not worth a statement.
const SLICE_BLOCKS_MIN: u64 = 512;
/// Slices for each session: whoever got light ones takes more of them.
const SLICES_EACH: u64 = 8;

/// How many sessions can read so many blocks at once with profit: one for each core, and none
/// that would only have a slice or two.
pub(super) fn readers(blocks: u64) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let worth = usize::try_from(blocks / (4 * SLICE_BLOCKS_MIN)).unwrap_or(usize::MAX);
    worth.clamp(1, cores.min(READERS_MAX))
}

/// Conditions that divide the rows of a table: each row meets just one of them. The first slice
/// begins at the beginning and the last one has no end, however many blocks there are by then.
pub(super) fn slices(blocks: u64, sessions: usize) -> Vec<String> {
    let wanted = SLICES_EACH * sessions as u64;
    let each = blocks.div_ceil(wanted.max(1)).max(SLICE_BLOCKS_MIN);
    if sessions < 2 || blocks <= each {
        return vec![String::new()];
    }
    let cuts: Vec<u64> = (1..).map(|slice| slice * each).take_while(|cut| *cut < blocks).collect();
    let first = format!(" WHERE ctid < '({},0)'", cuts[0]);
    let between = cuts
        .windows(2)
        .map(|cut| format!(" WHERE ctid >= '({},0)' AND ctid < '({},0)'", cut[0], cut[1]));
    let last = format!(" WHERE ctid >= '({},0)'", cuts[cuts.len() - 1]);
    [first].into_iter().chain(between).chain([last]).collect()
}

/// A piece of the work: what is to be read of the relation with this number.
pub(super) struct Task {
    /// The relation's number.
    pub at: usize,
    /// The COPY that reads it.
    pub copy: String,
}

/// Has `sessions` work off `tasks`; a sum for each of `relations`. The error has the number of the
/// relation that could not be read.
pub(super) async fn work_off(
    sessions: &mut [&mut dyn Session],
    tasks: Vec<Task>,
    relations: usize,
) -> Result<Vec<Sum>, (usize, SqlTrouble)> {
    let queue = Mutex::new(VecDeque::from(tasks));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let give_up = || queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let work = async |session: &mut &mut dyn Session| {
        let mut sums = vec![Sum::default(); relations];
        while let Some(task) = next() {
            match read(&mut **session, &task.copy).await {
                Ok(sum) => sums[task.at].merge(&sum),
                Err(trouble) => {
                    give_up();
                    return Err((task.at, trouble));
                }
            }
        }
        Ok(sums)
    };
    let mut all = vec![Sum::default(); relations];
    for (number, worked) in join_all(sessions.iter_mut().map(work)).await.into_iter().enumerate() {
        let sums = worked.map_err(|(at, trouble)| {
            // What is lost with a helper is no more than the answer.
            let lost = trouble.lost && number == 0;
            (at, SqlTrouble { lost, ..trouble })
        })?;
        all.iter_mut().zip(&sums).for_each(|(all, sum)| all.merge(sum));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_table_and_a_single_reader_take_it_whole() {
        for (blocks, sessions) in [(0, 4), (512, 4), (1 << 30, 1)] {
            assert_eq!(slices(blocks, sessions), [""], "{blocks} blocks, {sessions} sessions");
        }
    }

    #[test]
    fn slices_follow_each_other_without_a_gap_and_the_last_has_no_end() {
        let cut = |from: u64| format!("ctid >= '({from},0)'");
        for (blocks, sessions) in [(513, 2), (10_000, 2), (1_000_000, 4), (1024, 3)] {
            let found = slices(blocks, sessions);
            assert!(found.len() > 1 && found.len() as u64 <= 8 * sessions as u64);
            assert!(found[0].starts_with(" WHERE ctid < '("), "{}", found[0]);
            for pair in found.windows(2) {
                let end = pair[0].rsplit_once("ctid < '(").expect("it has an end").1;
                let end: u64 = end.trim_end_matches(",0)'").parse().expect("a number");
                assert!(end < blocks && pair[1].contains(&cut(end)), "{pair:?}");
            }
            assert!(!found[found.len() - 1].contains('<'), "{found:?}");
        }
    }

    #[test]
    fn nobody_is_called_for_little_work() {
        assert_eq!(readers(0), 1);
        assert_eq!(readers(2047), 1);
        assert!((1..=READERS_MAX).contains(&readers(u64::MAX)));
    }
}
