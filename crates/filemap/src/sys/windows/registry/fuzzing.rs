//! What must be true of records, whatever somebody wrote there.
//!
//! Compiled for the tests, and for who makes inputs; no part of the library that others build.

#![allow(clippy::missing_panics_doc, reason = "to panic is to find a fault")]

use super::record::{MOST, Record};

/// Reads `input` as a record; tells whether it could be read.
pub fn record(input: &[u8]) -> bool {
    let Some(read) = Record::decode(input) else { return false };
    let again = read.encode();
    assert!(again.len() <= MOST, "{} bytes", again.len());
    assert_eq!(Record::decode(&again).as_ref(), Some(&read));
    true
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::sys::Content;
    use crate::sys::platform::file::Identity;
    use crate::types::{Attributes, Permissions, Protection};

    fn example() -> Record {
        Record {
            protection: Protection::ExecuteWriteCopy,
            attributes: Attributes::NO_CACHE,
            size: 1 << 40,
            content: Content::File("Z:\\some\\Größe".into()),
            identity: Identity { volume: 7, id: [3; 16] },
            permissions: Permissions::READ_BY_OTHERS,
            creator: 4711,
            created: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        }
    }

    #[test]
    fn a_record_comes_back_from_its_bytes_and_from_what_follows_them() {
        let mut bytes = example().encode();
        assert_eq!(Record::decode(&bytes), Some(example()));
        bytes.resize(65536, 0);
        assert_eq!(Record::decode(&bytes), Some(example()));
        assert!(record(&bytes));
    }

    #[test]
    fn a_record_with_any_bit_changed_or_any_byte_missing_is_none() {
        let bytes = example().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(!record(&changed), "byte {at}");
            assert!(!record(&bytes[..at]), "{at} bytes");
        }
    }
}
