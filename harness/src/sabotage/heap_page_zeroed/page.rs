//! A page of a heap, read from its bytes.

/// Bytes of a page, as PostgreSQL is built everywhere.
pub(crate) const PAGE_BYTES: u64 = 8192;
/// Bytes before the pointers to the page's rows.
const HEADER: usize = 24;
/// Columns of every TOAST table, whose values are no rows of their own.
const TOAST_COLUMNS: u16 = 3;
/// What a row's header says if nothing has deleted it.
const NOT_DELETED: u16 = 0x0800;

/// The bytes of a dump by `od -t x1` without addresses.
pub(crate) fn bytes(dump: &str) -> Option<Vec<u8>> {
    dump.split_whitespace().map(|word| u8::from_str_radix(word, 16).ok()).collect()
}

/// The rows in a page that were not deleted, if it is one of a table's heap: of nothing else does
/// a page end with rows.
pub(super) fn rows(page: &[u8]) -> Option<usize> {
    let word = |at: usize| Some(u16::from_le_bytes([*page.get(at)?, *page.get(at + 1)?]));
    let (lower, upper, special) = (word(12)?, word(14)?, word(16)?);
    let whole = page.len() as u64 == PAGE_BYTES;
    if !whole || usize::from(special) != page.len() || lower > upper || upper >= special {
        return None;
    }
    let mut rows = 0;
    for at in (HEADER..usize::from(lower)).step_by(4) {
        let pointer = u32::from(word(at)?) | u32::from(word(at + 2)?) << 16;
        let (offset, state) = ((pointer & 0x7fff) as usize, pointer >> 15 & 3);
        if state != 1 {
            continue;
        }
        let (columns, marks) = (word(offset + 18)? & 0x07ff, word(offset + 20)?);
        if columns == TOAST_COLUMNS {
            return None;
        }
        rows += usize::from(marks & NOT_DELETED != 0);
    }
    (rows > 0).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with one row of `columns` columns.
    fn page(columns: u16, marks: u16) -> Vec<u8> {
        let mut page = vec![0; PAGE_BYTES as usize];
        let mut put = |at: usize, word: u16| page[at..at + 2].copy_from_slice(&word.to_le_bytes());
        put(12, 28);
        put(14, 8152);
        put(16, 8192);
        put(24, 8152 | 1 << 15);
        put(8152 + 18, columns);
        put(8152 + 20, marks);
        page
    }

    #[test]
    fn rows_that_are_there_are_counted() {
        assert_eq!(rows(&page(2, NOT_DELETED)), Some(1));
        assert_eq!(rows(&page(2, 0)), None, "perhaps deleted");
        assert_eq!(rows(&page(TOAST_COLUMNS, NOT_DELETED)), None, "perhaps TOAST");
    }

    #[test]
    fn what_is_no_page_of_a_heap_has_no_rows() {
        let mut index = page(2, NOT_DELETED);
        index[16] = 0xf0;
        index[17] = 0x1f;
        assert_eq!(rows(&index), None);
        assert_eq!(rows(&[0; PAGE_BYTES as usize]), None);
        assert_eq!(rows(&[]), None);
    }

    #[test]
    fn a_dump_is_read() {
        assert_eq!(bytes(" 00 ff\n 10\n"), Some(vec![0, 255, 16]));
        assert_eq!(bytes("od: no"), None);
    }
}
