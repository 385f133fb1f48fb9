//! Memory that only a view reaches.

#![cfg_attr(target_os = "linux", expect(unsafe_code, reason = "asks the kernel about pages"))]

use filemap::{Access, Advice, ErrorKind, Flush, PositionedIo, View};

use crate::support::Outcome;

const MIB: usize = 1 << 20;

#[test]
fn anonymous_memory_reads_as_zeros_and_keeps_what_is_written() -> Outcome {
    for len in [1, 100, 4096, 65_537, 3 * MIB] {
        let view = View::anonymous(len)?;
        assert_eq!((view.len(), view.offset(), view.access()), (len, 0, Access::Write));
        assert_eq!(view.compare(0, &vec![0; len])?, None);

        view.write_all_at(b"!", len as u64 - 1)?;
        view.flush(.., Flush::Durable)?;
        view.advise(.., Advice::WillNeed)?;
        view.prefetch(..)?;

        assert_eq!(view.find(.., b"!")?, Some(len - 1));
        let refused = view.write_all_at(b"!", len as u64).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::InvalidRange));
        view.unmap()?;
    }
    Ok(())
}

#[test]
fn anonymous_memory_of_no_bytes_or_too_many_is_refused() {
    for (len, kinds) in [
        (0, &[ErrorKind::ZeroSize][..]),
        (usize::MAX, &[ErrorKind::CommitLimit, ErrorKind::SizeTooLarge]),
        (isize::MAX.unsigned_abs(), &[ErrorKind::CommitLimit, ErrorKind::SizeTooLarge]),
    ] {
        let error = View::anonymous(len).expect_err("there is no such memory");
        assert!(kinds.contains(&error.kind()), "{error}");
        assert!(error.to_string().contains("anonymous memory"), "{error}");
    }
}

#[cfg(feature = "pages")]
#[test]
fn pages_of_anonymous_memory_are_closed_and_opened() -> Outcome {
    use filemap::{PageAccess, page_size};

    let page = page_size();
    let view = View::anonymous(4 * page)?;
    view.fill(0, 4 * page, 7)?;

    view.protect(page..2 * page, PageAccess::Read)?;
    let refused = view.write(page, &1_u8).map_err(|error| error.kind());
    assert_eq!(refused, Err(ErrorKind::AccessDenied));
    let refused = view.discard(..).map_err(|error| error.kind());
    assert!(matches!(refused, Err(ErrorKind::AccessDenied | ErrorKind::NotSupported)));
    assert_eq!(view.compare(0, &vec![7; 4 * page])?, None);

    view.protect(page..2 * page, PageAccess::Write)?;
    view.write(page, &1_u8)?;
    // On Linux there is nothing that a private page could be mapped of.
    let copied = view.protect(page..2 * page, PageAccess::Copy).map_err(|error| error.kind());
    assert_eq!(copied.is_err(), cfg!(target_os = "linux"), "{copied:?}");
    assert_eq!(view.read::<[u8; 2]>(page)?, [1, 7]);
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use filemap::{Error, PositionedIo as _, View};

    use super::MIB;
    use crate::fork::Forked;
    use crate::support::{self, Outcome};

    /// Counts the descriptors of this process.
    fn descriptors() -> std::io::Result<usize> {
        Ok(fs::read_dir("/proc/self/fd")?.count())
    }

    #[test]
    fn anonymous_memory_is_shared_with_forked_children_and_takes_no_descriptor() -> Result<(), Error>
    {
        support::alone(
            "anonymous::linux::anonymous_memory_is_shared_with_forked_children_and_takes_no_descriptor",
            |_registry| {
                let before = descriptors().expect("they are listed");
                let view = View::anonymous(MIB)?;
                assert_eq!(descriptors().expect("they are listed"), before);

                let child = Forked::new(|| {
                    let _done = view.write_all_at(b"child", 70_000);
                });
                assert!(child.ends_well());

                assert_eq!(&view.read::<[u8; 5]>(70_000)?, b"child");
                Ok(())
            },
        )
    }

    #[test]
    fn a_range_of_anonymous_memory_reads_as_zeros_and_takes_no_memory() -> Outcome {
        if support::emulated() {
            println!("skipped: emulated advice about pages changes none of them");
            return Ok(());
        }
        let view = View::anonymous(MIB)?;
        for (start, end) in [(100, MIB / 2), (4096, 8192), (10, 20), (4000, 4200), (0, MIB)] {
            view.fill(0, MIB, 7)?;
            let mut expected = vec![7; MIB];
            expected[start..end].fill(0);

            view.discard(start..end)?;

            assert_eq!(view.compare(0, &expected)?, None, "{start}..{end}");
        }
        // The comparison has read pages in.
        view.discard(..)?;
        let mut pages = vec![1_u8; MIB.div_ceil(filemap::page_size())];
        // SAFETY: there is a byte for each page of the view, which is mapped.
        let asked = unsafe { libc::mincore(view.as_ptr().cast(), MIB, pages.as_mut_ptr()) };
        assert_eq!((asked, pages.iter().any(|page| page & 1 != 0)), (0, false));
        Ok(())
    }
}
