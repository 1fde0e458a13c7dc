//! What somebody may have meant: the nearest of the words that would have been right.

/// Words longer than this are not compared: nobody mistypes them into something known.
const WORD_MAX: usize = 64;

/// The candidate nearest to `word`, if it is near enough to have been meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.chars().count() > WORD_MAX {
        return None;
    }
    let lower = word.to_lowercase();
    let near = word.chars().count().div_ceil(3).min(3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= WORD_MAX)
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(far, _)| *far <= near)
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// A hint: the nearest candidate, else all of them.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(found) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{found}`?"));
    }
    let mut all = candidates.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let last = all.pop()?;
    Some(match all.is_empty() {
        true => format!("there is {last}"),
        false => format!("there are {} and {last}", all.join(", ")),
    })
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let plain = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped { plain.min(rows[i - 2][j - 2] + 1) } else { plain }
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_one_mistake_and_case_is_none() {
        assert_eq!(distance("before_dorp", "before_drop"), 1);
        assert_eq!(nearest("LATEST", ["latest", "mark"]), Some("latest"));
        assert_eq!(nearest("xid", ["mark", "latest"]), None);
        assert_eq!(nearest("", ["a"]), None);
    }

    #[test]
    fn a_hint_names_all_where_none_is_near() {
        assert_eq!(did_you_mean("zzz", ["a", "b", "c"]).unwrap(), "there are `a`, `b` and `c`");
        assert_eq!(did_you_mean("zzz", []), None);
    }
}
