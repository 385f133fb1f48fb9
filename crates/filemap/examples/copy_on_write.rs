//! A private copy of a file: changed at will, while the file stays as it is.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::fs::{self, File};

use filemap::{Access, FileMapping, PositionedIo, Protection};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let path = place.path().join("original");
    fs::write(&path, "the original text")?;
    let file = File::open(&path)?; // to read it is enough
    let mapping = FileMapping::options().file(&file).protection(Protection::WriteCopy).create()?;
    let draft = mapping.map(Access::Copy)?;
    let other = mapping.map(Access::Read)?;

    draft.write_all_at(b"changed!", 4)?;

    let mut bytes = [0; 17];
    draft.read_exact_at(&mut bytes, 0)?;
    println!("the draft:      {}", String::from_utf8_lossy(&bytes));
    other.read_exact_at(&mut bytes, 0)?;
    println!("another view:   {}", String::from_utf8_lossy(&bytes));
    println!("the file:       {}", fs::read_to_string(&path)?);
    Ok(())
}
