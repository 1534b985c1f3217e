//! The list of what is in a ZIP archive, from the archive's end (APPNOTE
//! 6.3.10 §4.3.12, §4.3.16). Nothing is unpacked.

/// The record that ends every archive, without its comment.
const END: usize = 22;
/// One line of the list, without its name.
const ENTRY: usize = 46;
/// Names that are read; a document has hundreds.
const MOST_ENTRIES: usize = 20_000;

/// The names of the files in an archive of `len` bytes that ends with `tail`;
/// none if it is not one archive from its first byte to its last, is
/// encrypted, or its list doesn't fit into the tail.
pub(super) fn names(tail: &[u8], len: u64) -> Option<Vec<&[u8]>> {
    let end = end_of_list(tail)?;
    let record = tail.get(end..)?;
    let entries = usize::from(short(record, 10)?);
    let (size, offset) = (long(record, 12)?, long(record, 16)?);
    let start_of_tail = len.checked_sub(u64::try_from(tail.len()).ok()?)?;
    let end_of_list = start_of_tail + u64::try_from(end).ok()?;
    // Something before the archive would shift the list; that would be two
    // files in one.
    let whole = u64::from(offset) + u64::from(size) == end_of_list;
    if !whole || entries == 0 || entries > MOST_ENTRIES {
        return None;
    }
    let start = usize::try_from(u64::from(offset).checked_sub(start_of_tail)?).ok()?;
    read_list(tail.get(start..end)?, entries)
}

/// Whether something ends as an archive does.
pub(super) fn ends_as_archive(tail: &[u8]) -> bool {
    end_of_list(tail).is_some()
}

fn end_of_list(tail: &[u8]) -> Option<usize> {
    let last = tail.len().checked_sub(END)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    (first..=last).rev().find(|at| {
        let record = tail.get(*at..).unwrap_or_default();
        let comment = short(record, 20).map(usize::from);
        record.starts_with(b"PK\x05\x06") && comment == Some(last - at)
    })
}

fn read_list(mut list: &[u8], entries: usize) -> Option<Vec<&[u8]>> {
    let mut names = Vec::with_capacity(entries);
    for _ in 0..entries {
        let encrypted = short(list, 8)? & 1 == 1;
        if !list.starts_with(b"PK\x01\x02") || encrypted {
            return None;
        }
        let (name, extra, comment) = (short(list, 28)?, short(list, 30)?, short(list, 32)?);
        let name_end = ENTRY + usize::from(name);
        names.push(list.get(ENTRY..name_end)?);
        list = list.get(name_end + usize::from(extra) + usize::from(comment)..)?;
    }
    list.is_empty().then_some(names)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*two))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}
