//! What is changed in a file: which page, and where in it.

use crate::disaster::corrupt_pages::Of;
use crate::sabotage::{PAGE_BYTES, page_bytes};

/// Bytes before the pointers to what a page holds.
const HEADER: usize = 24;
/// Bytes of an entry of an index before its key.
const ENTRY_HEADER: usize = 8;
/// Where the header of a row says where its columns begin.
const COLUMNS_BEGIN: usize = 22;
/// Where it says who deleted it, and what it says if nobody did.
const MARKS: usize = 20;
const NOT_DELETED: u16 = 0x0800;

/// Where in a page of this kind a bit can be flipped so that something it says changes; `None` if
/// it holds nothing. `dump` is the page as `od` prints it.
pub(super) fn worth(dump: &str, of: Of) -> Option<(usize, u8)> {
    let page = page_bytes(dump).filter(|page| page.len() as u64 == PAGE_BYTES)?;
    let at = (HEADER..usize::from(word(&page, 12)?))
        .step_by(4)
        .rev()
        .find_map(|pointer| place(&page, pointer, of))?;
    Some((at, *page.get(at)?))
}

/// The place in what one pointer points to.
fn place(page: &[u8], pointer: usize, of: Of) -> Option<usize> {
    let (low, high) = (u32::from(word(page, pointer)?), u32::from(word(page, pointer + 2)?));
    let whole = low | high << 16;
    let (offset, state, length) =
        ((whole & 0x7fff) as usize, whole >> 15 & 3, (whole >> 17) as usize);
    if state != 1 {
        return None;
    }
    let at = match of {
        Of::Index => ENTRY_HEADER,
        // The first column of a row; the middle of a long value's piece.
        Of::Heap | Of::Toast if word(page, offset + MARKS)? & NOT_DELETED == 0 => return None,
        Of::Heap => usize::from(*page.get(offset + COLUMNS_BEGIN)?),
        Of::Toast => length / 2,
    };
    (at < length).then_some(offset + at)
}

fn word(page: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes([*page.get(at)?, *page.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with one row or entry of 40 bytes, whose columns begin after 24.
    fn page(marks: u16) -> String {
        let mut page = vec![0_u8; PAGE_BYTES as usize];
        let pointer = 8152_u32 | 1 << 15 | 40 << 17;
        page[12..14].copy_from_slice(&28_u16.to_le_bytes());
        page[24..28].copy_from_slice(&pointer.to_le_bytes());
        page[8152 + MARKS..8152 + MARKS + 2].copy_from_slice(&marks.to_le_bytes());
        page[8152 + COLUMNS_BEGIN] = 24;
        page.iter().map(|byte| format!(" {byte:02x}")).collect()
    }

    #[test]
    fn a_bit_is_flipped_in_what_is_there() {
        assert_eq!(worth(&page(NOT_DELETED), Of::Heap), Some((8176, 0)));
        assert_eq!(worth(&page(NOT_DELETED), Of::Toast), Some((8172, 0)));
        assert_eq!(worth(&page(0), Of::Index), Some((8160, 0)));
    }

    #[test]
    fn a_page_that_holds_nothing_is_not_worth_it() {
        assert_eq!(worth(&page(0), Of::Heap), None, "perhaps deleted");
        assert_eq!(worth(&" 00".repeat(PAGE_BYTES as usize), Of::Index), None);
        assert_eq!(worth("", Of::Heap), None);
    }
}
