//! A file by offset: written where nothing was, read up to the end, and seen by plain input.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use filemap::{Flush, MappedFile, PositionedIo};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let path = place.path().join("data");
    let file = MappedFile::open(&path)?;
    println!("a new file has {} bytes", file.len()?);

    file.write_all_at(b"seven", 7)?;
    file.write_all_at(b"beyond 4 GiB", 5_000_000_001)?;
    println!("after two writes it has {} bytes, most of them a hole", file.len()?);

    let mut bytes = [0; 100];
    let count = file.read_at(&mut bytes, 5_000_000_008)?;
    println!("{count} bytes were left: {:?}", String::from_utf8_lossy(&bytes[..count]));

    file.write(100, &0x0102_0304_u32)?;
    println!("a number at offset 100: {:#010x}", file.read::<u32>(100)?);

    file.flush_range(0, 4096, Flush::Durable)?;
    file.close()?;
    // Windows lets nobody cut a file that is mapped.
    std::fs::File::options().write(true).open(&path)?.set_len(12)?;
    println!("closed and cut, plain input reads {:?}", String::from_utf8(std::fs::read(&path)?)?);
    Ok(())
}
