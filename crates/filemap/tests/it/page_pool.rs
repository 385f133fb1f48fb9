//! The pool of large pages belongs to the machine, so one test goes through all its states.

use std::process::Command;

use filemap::{
    Access, Attributes, ErrorKind, FileMapping, MappedFile, OnLoss, PageAccess, PositionedIo, View,
};

use crate::support::{Outcome, Place, emulated, kind};

const POOL: &str = "/proc/sys/vm/nr_hugepages";

/// Returns a number of `/proc/meminfo`, if this kernel has it.
fn meminfo(word: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with(word))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Restores the size of the pool when it is dropped.
struct Restored(String);

impl Drop for Restored {
    fn drop(&mut self) {
        let _ignored = std::fs::write(POOL, &self.0);
    }
}

fn large(size: u64) -> filemap::Result<FileMapping> {
    let attributes = Attributes::COMMIT | Attributes::LARGE_PAGES;
    FileMapping::options().size(size).attributes(attributes).create()
}

#[test]
fn large_pages_come_from_the_pool_or_not_at_all() -> Outcome {
    let (Some(unit), Some(total)) = (meminfo("Hugepagesize:"), meminfo("HugePages_Total:")) else {
        assert_eq!(large(1 << 21).unwrap_err().kind(), ErrorKind::NotSupported);
        return Ok(());
    };
    let unit = unit * 1024;
    let over: u64 =
        std::fs::read_to_string("/proc/sys/vm/nr_overcommit_hugepages")?.trim().parse()?;

    let odd = large(unit + 1).unwrap_err();
    let too_many = large((total + over + 1) * unit).unwrap_err();

    assert_eq!((odd.kind(), odd.win32_code()), (ErrorKind::InvalidArgument, 87));
    assert!(odd.to_string().contains(&unit.to_string()), "names the unit: {odd}");
    assert_eq!((too_many.kind(), too_many.win32_code()), (ErrorKind::NoResources, 1450));

    let restored = Restored(std::fs::read_to_string(POOL)?);
    if std::fs::write(POOL, (total + 4).to_string()).is_err() {
        println!("the pool is not ours to fill, so large pages are not seen to work");
        return Ok(());
    }
    if meminfo("HugePages_Free:").unwrap_or(0) >= 4 {
        if emulated() {
            // The emulator chooses addresses itself, and none that are aligned for large pages.
            let error = large(unit)?.map(Access::Read).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        } else {
            they_work(unit)?;
            a_file_of_them_is_read_and_written(unit)?;
        }
    } else {
        println!("memory is too fragmented to fill the pool");
    }
    drop(restored);
    Ok(())
}

/// Returns the size of the pages that the kernel has mapped for a view.
fn page_size_at(view: &View) -> Result<u64, Box<dyn std::error::Error>> {
    let address = view.as_ptr().addr();
    let told = std::fs::read_to_string("/proc/self/smaps")?;
    let lines = told.lines().skip_while(|line| !line.starts_with(&format!("{address:x}-")));
    let size = lines.into_iter().find(|line| line.starts_with("KernelPageSize:"));
    let number = size.and_then(|line| line.split_whitespace().nth(1)).ok_or("it is told")?;
    Ok(number.parse::<u64>()? * 1024)
}

fn they_work(unit: u64) -> Outcome {
    let place = Place::new();
    let attributes = Attributes::COMMIT | Attributes::LARGE_PAGES;
    let unnamed = large(unit)?;
    let begun = FileMapping::options().registry(&place.registry).attributes(attributes);
    let named = begun.name("large").size(2 * unit).create()?;

    let view = unnamed.map(Access::Write)?;
    view.write_all_at(b"end", (usize::try_from(unit)? - 3) as u64)?;
    assert_eq!(page_size_at(&view)?, unit, "the view's pages are large");
    // Page states and protections have the size of the large page as their unit.
    view.protect(..1, PageAccess::Read)?;
    assert_eq!(view.pages_at(0)?.len() as u64, unit);
    assert_eq!(view.pages_at(0)?.protection(), Some(PageAccess::Read.into()));
    assert_eq!(kind(view.write_all_at(b"x", 0)), ErrorKind::AccessDenied);
    named.map_range(Access::Write, unit - 1..unit + 2)?.write_all_at(b"mid", 0)?;
    let found = place.registry.open("large")?;

    assert_eq!(unnamed.attributes(), attributes);
    assert_eq!(unnamed.size(), unit);
    assert_eq!(found.attributes(), attributes);
    assert_eq!(found.size(), 2 * unit);
    let seen: [u8; 3] = found.map(Access::Read)?.read(usize::try_from(unit)? - 1)?;
    assert_eq!(&seen, b"mid");
    Ok(())
}

/// Writes to such a file by offset, whose pages output does not reach.
fn a_file_of_them_is_read_and_written(unit: u64) -> Outcome {
    let place = Place::new();
    let (folder, options) = (place.path("large"), format!("pagesize={unit}"));
    std::fs::create_dir(&folder)?;
    let mut mount = Command::new("mount");
    let mounted = mount.args(["-t", "hugetlbfs", "-o", &options, "none"]).arg(&folder).output()?;
    if !mounted.status.success() {
        println!("skipped: this user may not mount a file system of large pages");
        return Ok(());
    }
    let _unmounted = Unmounted(folder.clone());
    let path = folder.join("file");
    let file = MappedFile::open(&path)?;
    file.write_all_at(b"hello", 5)?;
    assert_eq!(file.len()?, unit, "such a file has whole pages");
    file.write_all_at(b"across", unit - 3)?;
    assert_eq!(file.len()?, 2 * unit);
    file.fill(100, 300, 7)?;
    file.write(8 * 64, &7_u64)?;
    assert_eq!(file.atomic::<u64>(8 * 64)?.fetch_add(1)?, 7);

    let other = MappedFile::options().must_exist().window(1 << 16).open(&path)?;
    let mut seen = [0; 6];
    other.read_exact_at(&mut seen, unit - 3)?;
    assert_eq!((&seen, other.read::<[u8; 5]>(5)?), (b"across", *b"hello"));
    assert_eq!(other.read::<[u8; 300]>(100)?, [7; 300]);
    assert_eq!(other.read::<u64>(8 * 64)?, 8);
    other.write_all_at(b"there", 5)?;
    assert_eq!(file.read::<[u8; 5]>(5)?, *b"there");
    let odd = file.set_len(unit + 1);
    assert_eq!(kind(file.set_len(unit + 1)), ErrorKind::InvalidArgument);
    let odd = odd.map_or_else(|error| error.to_string(), |()| String::new());
    assert!(odd.ends_with(&format!("lengths are multiples of {unit} bytes")), "{odd}");
    file.set_len(unit)?;
    assert_eq!((file.len()?, other.len()?), (unit, unit));
    file.set_len(2 * unit)?;
    a_lost_one_reads_as_zeros(&path, usize::try_from(unit)?)
}

/// Touches such a page by its address, after it was cut off.
fn a_lost_one_reads_as_zeros(path: &std::path::Path, unit: usize) -> Outcome {
    let file = std::fs::File::options().read(true).write(true).open(path)?;
    let mapping = FileMapping::options().file(&file).create()?;
    let view = match mapping.view(Access::Write).on_loss(OnLoss::Zeros).map() {
        Err(error) if cfg!(filemap_portable_copies) => {
            assert_eq!(error.kind(), ErrorKind::NotSupported);
            return Ok(());
        }
        view => view?,
    };
    view.write(unit + 5, &7_u8)?;
    file.set_len(unit as u64)?;

    let lost = view.as_ptr().wrapping_add(unit + 5);
    #[expect(unsafe_code, reason = "the claim is about a plain pointer")]
    // SAFETY: the view is two pages long, and lives on.
    let seen = unsafe { lost.read_volatile() };

    assert_eq!(seen, 0);
    let ranges: Vec<_> = view.lost().into_iter().map(|range| range.bytes).collect();
    assert_eq!(ranges, vec![unit..2 * unit]);
    file.set_len(2 * unit as u64)?;
    assert_eq!(view.restore()?, vec![unit..2 * unit]);
    view.write(unit + 5, &8_u8)?;
    assert_eq!(mapping.map(Access::Read)?.read::<u8>(unit + 5)?, 8);
    Ok(())
}

/// Unmounts what was mounted in a folder.
struct Unmounted(std::path::PathBuf);

impl Drop for Unmounted {
    fn drop(&mut self) {
        let _ignored = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}
