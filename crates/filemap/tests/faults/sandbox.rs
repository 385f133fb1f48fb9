//! Copies by system calls, in sandboxes that forbid what they would rather use.

#![expect(unsafe_code, reason = "a sandbox is made by prctl(2)")]

use filemap::{Error, ErrorKind, PositionedIo, View};

use crate::children::{cut_view, guard_works_on, in_child};
use crate::support::{page, patterned};

/// Makes the named system calls fail for good in this process.
fn forbid(calls: &[libc::c_long]) {
    let number = |value: libc::c_long| u32::try_from(value).expect("a small number");
    let refuse = libc::SECCOMP_RET_ERRNO | number(libc::EPERM.into());
    let step = |code: u32, skip: u8, value: u32| libc::sock_filter {
        code: u16::try_from(code).expect("a small number"),
        jt: 0,
        jf: skip,
        k: value,
    };
    // The number of the call is the first word that the filter sees.
    let mut filter = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for call in calls {
        filter.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, number(*call)));
        filter.push(step(libc::BPF_RET | libc::BPF_K, 0, refuse));
    }
    filter.push(step(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW));
    let len = u16::try_from(filter.len()).expect("a short filter");
    let program = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
    // SAFETY: changes what this process may do, and nothing else.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    let mode = libc::SECCOMP_MODE_FILTER;
    // SAFETY: as above; the program outlives the call.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) }, 0);
}

const COPIES: [libc::c_long; 2] = [libc::SYS_process_vm_readv, libc::SYS_process_vm_writev];

/// How many bytes of `len` an access dealt with.
fn done(result: Result<(), Error>, len: usize) -> usize {
    match result {
        Ok(()) => len,
        Err(error) => error.loss().unwrap_or_else(|| panic!("{error}")).done,
    }
}

fn view() -> View {
    cut_view().expect("a view can be mapped")
}

#[test]
fn without_the_copying_calls_a_helper_copies_and_counts() {
    in_child(|| {
        let view = view();
        forbid(&COPIES);
        let own = patterned(0, 2 * page());
        for (start, len) in [(0, 10), (page() - 5, 100), (3, page()), (page() - 7, 7)] {
            let expected = len.min(page() - start);
            let mut seen = vec![0; len];

            let written = view.write_all_at(&own[..len], start as u64);
            let read = view.read_exact_at(&mut seen, start as u64);

            assert_eq!(done(written, len), expected);
            assert_eq!(done(read, len), expected);
            assert_eq!(seen[..expected], own[..expected]);
        }
        assert!(guard_works_on(&view));
    })
    .came_through();
}

#[test]
fn where_nothing_is_allowed_every_access_is_an_error() {
    in_child(|| {
        let view = view();
        forbid(&[COPIES[0], COPIES[1], libc::SYS_clone]);

        let read = view.read_exact_at(&mut [0; 10], 0).map(drop);
        let written = view.write_all_at(&[1; 10], 0);
        let found = view.find(0..10, &[1]).map(drop);
        let loaded = view.read::<u64>(0).map(drop);
        let added = view.atomic::<u64>(0).and_then(|cell| cell.fetch_add(1)).map(drop);

        for result in [read, written, found, loaded, added] {
            let error = result.expect_err("nothing can be had");
            assert_eq!(error.kind(), ErrorKind::Lost, "{error}");
            assert_eq!(error.loss().map(|loss| (loss.offset, loss.done)), Some((0, 0)), "{error}");
        }
    })
    .came_through();
}
