//! A name whose memory grows: 64 GiB of addresses are reserved, and pages are committed as they are
//! needed. Every process that opens the name sees what was committed, at the same offsets.
//!
//! ```sh
//! cargo run --example growing_memory --features pages
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use filemap::{Access, Attributes, ErrorKind, FileMapping, PageAccess, PositionedIo};

/// What can ever be used. It takes no memory, and no part of the machine's limit; but an emulator of
/// another processor has a table of all of its pages.
const RESERVED: u64 = if cfg!(target_arch = "x86_64") { 64 << 30 } else { 1 << 30 };

/// Bytes that are committed at a time.
const STEP: usize = 1 << 20;

fn main() -> Result<(), filemap::Error> {
    let name = format!("Local\\growing-{}", std::process::id());
    let options = FileMapping::options().name(&name).size(RESERVED);
    let mapping = options.attributes(Attributes::RESERVE).create_new()?;
    let writer = mapping.map(Access::Write)?;
    // Any other process does the same by the name alone.
    let reader = FileMapping::open(&name)?.map(Access::Read)?;

    let mut committed = 0;
    for record in 0..3_000_u64 {
        let offset = record * 1000;
        let end = offset + 1000;
        while end > committed as u64 {
            let range = committed..committed + STEP;
            writer.commit(range, PageAccess::Write)?;
            committed += STEP;
        }
        writer.write_all_at(&record.to_le_bytes(), offset)?;
    }
    assert_eq!(committed, 3 * STEP);

    let mut seen = [0; 8];
    reader.read_exact_at(&mut seen, 2_999_000)?;
    assert_eq!(u64::from_le_bytes(seen), 2_999);
    if let Err(beyond) = reader.read_exact_at(&mut seen, committed as u64) {
        assert_eq!(beyond.kind(), ErrorKind::NotCommitted);
        println!(
            "{committed} of {RESERVED} bytes are committed; the next one is an error: {beyond}"
        );
    }
    Ok(())
}
