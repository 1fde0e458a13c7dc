//! What the living database lacks, by the tables of contents of two archives.

/// The lines of `aside`, whole, whose objects `living` does not have. A line begins with numbers
/// that belong to its archive alone: `218; 1259 16390 TABLE shop orders shop_owner`.
pub(super) fn lacking<'a>(aside: &'a str, living: &str) -> Vec<&'a str> {
    let there: std::collections::BTreeSet<&str> = living.lines().filter_map(object).collect();
    let gone = |line: &&str| object(line).is_some_and(|object| !there.contains(object));
    aside.lines().filter(gone).collect()
}

/// The object of a line: what stands behind its three numbers. Comments have none.
fn object(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once("; ")?;
    let (catalogue, rest) = rest.split_once(' ')?;
    let (oid, object) = rest.split_once(' ')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    [number, catalogue, oid].into_iter().all(digits).then_some(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVING: &str = ";\n; Archive created at 2026-11-27\n;\n\
                          5; 2615 16385 SCHEMA - shop shop_owner\n\
                          217; 1259 16386 TABLE shop customers shop_owner\n";

    #[test]
    fn an_object_is_the_same_whatever_numbers_it_has() {
        let aside = "7; 2615 20000 SCHEMA - shop shop_owner\n";
        assert_eq!(lacking(aside, LIVING), Vec::<&str>::new());
    }

    #[test]
    fn what_the_living_database_has_not_is_told_with_its_numbers() {
        let table = "218; 1259 16390 TABLE shop orders shop_owner";
        let key = "3301; 2606 16400 FK CONSTRAINT shop lines lines_order_fkey shop_owner";
        let aside = format!("; a comment\n{LIVING}{table}\n{key}\n");
        assert_eq!(lacking(&aside, LIVING), [table, key]);
    }

    #[test]
    fn what_only_the_living_database_has_is_left_alone() {
        assert_eq!(lacking("; nothing\n", LIVING), Vec::<&str>::new());
    }
}
